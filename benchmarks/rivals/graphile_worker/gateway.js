// Calls to the Gateway over undici, with a service token that was got once.

import { Pool } from "undici";
import { gatewayUrl } from "./surroundings.js";

const pool = new Pool(gatewayUrl, { connections: 64 });

async function post(path, body, headers = {}) {
  const answered = await pool.request({
    method: "POST",
    path,
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  const text = await answered.body.text();
  if (answered.statusCode < 200 || answered.statusCode > 299) throw new Error(`the Gateway said ${answered.statusCode}`);
  return text;
}

const credentials = JSON.stringify({ username: "rival", password: "benchmark-password" });
const { token } = JSON.parse(await post("/authenticate/service", credentials));
const headers = { authorization: `Bearer ${token}` };

export async function contribute(body) {
  await post("/jackpots/contribute/source", JSON.stringify(body), headers);
}
