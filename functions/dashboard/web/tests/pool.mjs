// A pool that signs in whoever comes, with an id token of the claims that a test wants.
import { answering, asked, visited } from "./browser.mjs";
import { session, start } from "../src/session/session.ts";

const POOL = "https://pool.example";

function tokenOf(claims) {
  return ["head", Buffer.from(JSON.stringify(claims)).toString("base64url"), "signature"].join(".");
}

export const soon = () => Math.floor(Date.now() / 1000) + 3600;

/** What a good token says; a nonce comes with a sign-in. */
export const good = () => ({ aud: "client", token_use: "id", exp: soon(), sub: "olga", email: "olga@example.com", "cognito:groups": ["admin"] });

export function gives(claims, refresh = "refresh") {
  answering("/oauth2/token", () => Response.json({ id_token: tokenOf(claims), ...(refresh && { refresh_token: refresh }) }));
}

/** Sign in, with some claims, or the answer's state, other than they should be; what came of it. */
export async function signedIn(claims = {}, state = undefined) {
  answering("config.json", () => Response.json({ client: "client", sign_in: POOL, name: "Example" }));
  sessionStorage.clear();
  location.search = "";
  await start();
  const wanted = visited.at(-1).searchParams;
  gives({ ...good(), nonce: wanted.get("nonce"), ...claims });
  location.search = `?${new URLSearchParams({ code: "code", state: state ?? wanted.get("state") })}`;
  asked.length = 0;
  await start();
  return session.value;
}
