// From nothing to a signed call: node docs/typescript/first-call.ts http://127.0.0.1:8080/live ada
import { Client, newKey, type Log } from "./id-restore.ts"

const [server = "http://127.0.0.1:8080/live", identity = "ada"] = process.argv.slice(2)
const phone = new Client(server, await newKey(), await newKey())
const device = { name: "My first phone", platform: "other", public_key: phone.device.id, verification_key: phone.verification.id }

await phone.call("POST", "/v1/identities", { identity, device }, { verified: true })
const answer = await phone.call<{ sign_in_count: number; log: Log }>("POST", `/v1/identities/${identity}/sign-ins`, {})
console.log(`Signed in ${answer.sign_in_count} time, log at ${answer.log.seq}`)
