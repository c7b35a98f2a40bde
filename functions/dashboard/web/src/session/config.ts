// What the server says of itself. Everything is relative to where this file was loaded from.
export const ROOT = new URL("..", import.meta.url);
/** The server's address: the dashboard lies right below it. */
export const SERVER = new URL("..", ROOT).href.replace(/\/$/, "");

export interface Config {
  client: string;
  sign_in: string;
  name: string;
}

export async function fetchConfig(): Promise<Config> {
  const answer = await fetch(new URL("config.json", ROOT));
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return (await answer.json()) as Config;
}
