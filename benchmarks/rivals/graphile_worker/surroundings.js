// What the processes are told by the environment.

export const { RIVAL_DATABASE_URL: databaseUrl, RIVAL_GATEWAY_URL: gatewayUrl } = process.env;
export const { RIVAL_WEBHOOK_SECRET: secret, RIVAL_PORT: port } = process.env;
