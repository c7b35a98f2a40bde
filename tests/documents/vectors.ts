// Holds the client of docs/typescript to docs/vectors.json; says what differs and ends with 1.
import { readFileSync } from "node:fs"
import { createPrivateKey, createPublicKey, webcrypto } from "node:crypto"
import { base64, base64url, compressedPoint, keyOf, rawSignature, readQr, readRestoreCode, signedHeaders, wentBack } from "../../docs/typescript/id-restore.ts"

const vectors = JSON.parse(readFileSync(new URL("../../docs/vectors.json", import.meta.url), "utf8"))
const wrong: string[] = []
let checked = 0
const same = (what: string, got: unknown, wanted: unknown) => {
  checked++
  if (JSON.stringify(got) !== JSON.stringify(wanted)) wrong.push(`${what}: ${JSON.stringify(got)} is not ${JSON.stringify(wanted)}`)
}
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"))

const keys = new Map()
for (const vector of vectors.keys) {
  const spki = bytes(vector.spki)
  const ed25519 = vector.algorithm === "ed25519"
  const how = ed25519 ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256" }
  const point = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" }).export({ format: "jwk" })
  const jwk = { ...point, d: Buffer.from(vector.private, "hex").toString("base64url") }
  const pair = {
    publicKey: await webcrypto.subtle.importKey("spki", spki, how, true, ["verify"]),
    privateKey: await webcrypto.subtle.importKey("jwk", jwk, how, false, ["sign"]),
  }
  createPrivateKey({ key: jwk, format: "jwk" }) // throws where scalar and point do not belong together
  const key = await keyOf(pair)
  same(vector.name, key.id, vector.public_key)
  if (!ed25519) same(`${vector.name}, compressed`, base64url(compressedPoint(spki)), vector.public_key)
  keys.set(vector.name, { key, pair, ed25519 })
}
for (const vector of vectors.der_to_raw) same(vector.name, base64(rawSignature(bytes(vector.der))), vector.raw)

for (const vector of vectors.requests) {
  const [device, verified] = vector.signatures.map((one: { key: string }) => keys.get(one.key))
  const { method, url, body, created, nonce } = vector
  const headers = await signedHeaders({ method, url, ...(body === null ? {} : { body }), created, nonce }, device.key, verified?.key)
  same(`${vector.name}: digest`, headers["Content-Digest"], vector.headers["Content-Digest"])
  same(`${vector.name}: input`, headers["Signature-Input"], vector.headers["Signature-Input"])
  if (device.ed25519) same(`${vector.name}: signature`, headers.Signature, vector.headers.Signature)
  for (const one of vector.signatures) {
    const signer = keys.get(one.key)
    const how = signer.ed25519 ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" }
    const message = new TextEncoder().encode(one.signature_base)
    const made = headers.Signature!.split(", ").find((member) => member.startsWith(`${one.label}=`))!
    for (const signature of [one.signature, made.slice(one.label.length + 2, -1)]) {
      same(`${vector.name}: ${one.label} holds`, await webcrypto.subtle.verify(how, signer.pair.publicKey, bytes(signature), message), true)
    }
  }
}

for (const code of [...vectors.restore_codes.valid.map((one: any) => ({ typed: one.shown, symbols: one.symbols })), ...vectors.restore_codes.lenient])
  same(`code ${code.typed}`, await readRestoreCode(code.typed), code.symbols)
for (const code of vectors.restore_codes.mistyped) same(`code ${code.typed}`, await readRestoreCode(code.typed), undefined)
for (const qr of vectors.qr) {
  const read = readQr(qr.uri)!
  same(qr.uri, [read.kind, read.server, read.members.get("i")], [qr.kind, qr.server, qr.identity])
  same(qr.uri, [read.members.get("c"), read.members.get("p"), read.members.get("s")], [qr.code, qr.pairing, qr.secret])
}
same("a log that went on", wentBack({ seq: 1, hash: "a" }, { seq: 2, hash: "b" }), false)
same("a log that went back", wentBack({ seq: 2, hash: "b" }, { seq: 1, hash: "a" }), true)
same("a log that was changed", wentBack({ seq: 2, hash: "b" }, { seq: 2, hash: "c" }), true)

console.log(`${checked} checked`)
for (const one of wrong) console.error(one)
process.exit(wrong.length ? 1 : 0)
