// The HTTP side: `record` stores an event with its job, and says whether it is new; then it is answered.

import Fastify from "fastify";
import { bet, refusal } from "./receiving.js";
import { port } from "./surroundings.js";

const answer = {
  202: { type: "object", properties: { event_id: { type: "string" }, status: { type: "string" } } },
};

function failed(statusCode, message) {
  return Object.assign(new Error(message), { statusCode });
}

export async function serve(record) {
  const app = Fastify();
  app.decorateRequest("payload", "");

  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const why = refusal(request.headers, body);
    if (why) return done(failed(401, why));
    request.payload = body.toString();
    try {
      done(null, JSON.parse(request.payload));
    } catch (error) {
      done(failed(400, error.message));
    }
  });

  app.get("/health", async () => ({ status: "ok" }));

  app.post("/events/bet", { schema: { body: bet, response: answer } }, async (request, reply) => {
    const isNew = await record(request.body, request.payload);
    reply.code(202);
    return { event_id: request.body.event_id, status: isNew ? "accepted" : "duplicate" };
  });

  await app.listen({ host: "127.0.0.1", port: Number(port) });
}
