// A client of the server's API in TypeScript, with WebCrypto alone: browsers, React Native with a polyfill, Deno, Node.
// Every call is signed as RFC 9421 describes; docs/app-developers.md tells why, docs/vectors.json holds test vectors.

export interface Key {
  /** How the key is named on the wire: base64url of the compressed P-256 point or of the Ed25519 key. */
  readonly id: string
  /** 64 raw bytes: r||s of P-256, or Ed25519's signature. */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/** A refusal of the server (RFC 9457): decide by `code`, show `detail`. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly members: Record<string, unknown>
  readonly retryAfter: number
  constructor(status: number, members: Record<string, unknown>, retryAfter: number) {
    super(`${status} ${members.code ?? "unknown"}`)
    this.status = status
    this.code = String(members.code ?? "unknown")
    this.detail = String(members.detail ?? "")
    this.members = members
    this.retryAfter = retryAfter
  }
}

const utf8 = new TextEncoder()

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
}

export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
}

/** The compressed point (33 bytes) at the end of a P-256 SubjectPublicKeyInfo, or of a raw point of 65 bytes. */
export function compressedPoint(spki: Uint8Array): Uint8Array {
  const point = spki.slice(-65) // 04 || x || y
  return Uint8Array.of(2 + (point[64]! & 1), ...point.slice(1, 33))
}

/** DER to r||s, for keys whose hardware gives DER. WebCrypto gives r||s by itself. */
export function rawSignature(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(64)
  for (let at = 2, end = 32; end <= 64; end += 32) {
    const length = der[at + 1]!
    const number = der.slice(at + 2, at + 2 + length).slice(-32) // a leading zero of DER goes
    raw.set(number, end - number.length)
    at += 2 + length
  }
  return raw
}

/** A P-256 key that cannot be exported; keep the pair in IndexedDB. A phone's app takes its secure hardware instead. */
export async function newKey(): Promise<Key> {
  return keyOf(await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]))
}

export async function keyOf(pair: CryptoKeyPair): Promise<Key> {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey))
  const algorithm = pair.privateKey.algorithm.name
  const raw = algorithm === "Ed25519" ? spki.slice(-32) : compressedPoint(spki)
  const how = algorithm === "Ed25519" ? { name: algorithm } : { name: "ECDSA", hash: "SHA-256" }
  return {
    id: base64url(raw),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign(how, pair.privateKey, message)),
  }
}

export interface Unsigned {
  method: string
  url: string
  body?: string
  /** Seconds; only tests and a clock corrected by the server's `Date` set it. */
  created?: number
  nonce?: string
}

/** The headers of a signed request. The verification key signs, too, where it is given. */
export async function signedHeaders(request: Unsigned, device: Key, verification?: Key): Promise<Record<string, string>> {
  const url = new URL(request.url)
  const created = request.created ?? Math.floor(Date.now() / 1000)
  const nonce = request.nonce ?? base64url(crypto.getRandomValues(new Uint8Array(18)))
  const headers: Record<string, string> = {}
  const parts: [string, string][] = [
    ["@method", request.method],
    ["@authority", url.host], // lower case, without the scheme's own port
    ["@path", url.pathname],
  ]
  if (url.search) parts.push(["@query", url.search])
  if (request.body !== undefined) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(request.body)))
    headers["Content-Type"] = "application/json"
    headers["Content-Digest"] = `sha-256=:${base64(digest)}:`
    parts.push(["content-digest", headers["Content-Digest"]])
  }
  const inputs: string[] = []
  const signatures: string[] = []
  for (const [label, tag, key] of [["device", "id-restore", device], ["verified", "id-restore-verified", verification]] as const) {
    if (!key) continue
    const covered = parts.map(([name]) => `"${name}"`).join(" ")
    const parameters = `(${covered});created=${created};nonce="${nonce}";keyid="${key.id}";tag="${tag}"`
    const base = [...parts.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${parameters}`].join("\n")
    inputs.push(`${label}=${parameters}`)
    signatures.push(`${label}=:${base64(await key.sign(utf8.encode(base)))}:`)
  }
  headers["Signature-Input"] = inputs.join(", ")
  headers["Signature"] = signatures.join(", ")
  return headers
}

export interface Log {
  seq: number
  hash: string
}

/** One identity of this phone on one server. */
export class Client {
  readonly server: string
  readonly device: Key
  readonly verification: Key
  readonly language: string
  constructor(server: string, device: Key, verification: Key, language = "en") {
    this.server = server.replace(/\/+$/, "")
    this.device = device
    this.verification = verification
    this.language = language
  }

  /** One call. A lost answer is asked for again: same body, fresh signature and nonce. */
  async call<T>(method: string, path: string, body?: unknown, options: { verified?: boolean } = {}): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    for (let attempt = 1; ; attempt++) {
      const request = { method, url: this.server + path, ...(text === undefined ? {} : { body: text }) }
      const signed = await signedHeaders(request, this.device, options.verified ? this.verification : undefined)
      try {
        const headers = { ...signed, "Accept-Language": this.language }
        const answer = await fetch(request.url, { method, headers, body: text ?? null, cache: "no-store" })
        if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T
        const members = (await answer.json().catch(() => ({}))) as Record<string, unknown>
        throw new Problem(answer.status, members, Number(answer.headers.get("Retry-After") ?? 0))
      } catch (error) {
        if (error instanceof Problem && error.status !== 503) throw error
        if (attempt === 3) throw error
        const seconds = error instanceof Problem ? error.retryAfter : attempt
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
      }
    }
  }
}

/** Whether the server's history went back: keep the highest head that was seen, and warn where this is true. */
export function wentBack(seen: Log | undefined, now: Log): boolean {
  return seen !== undefined && (now.seq < seen.seq || (now.seq === seen.seq && now.hash !== seen.hash))
}

const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** A restore code as it was typed: its 28 symbols, or undefined where it is mistyped. Check before you send. */
export async function readRestoreCode(typed: string): Promise<string | undefined> {
  const symbols = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1")
  if (symbols.length !== 28 || [...symbols].some((symbol) => !SYMBOLS.includes(symbol))) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(symbols.slice(0, 26))))
  const bits = ((digest[0]! << 8) | digest[1]!) >> 6
  return symbols.slice(26) === SYMBOLS[bits >> 5]! + SYMBOLS[bits & 31]! ? symbols : undefined
}

/** What a QR code says. The server is what stands before the last `/restore#` or `/pair#`. */
export function readQr(uri: string): { kind: string; server: string; members: Map<string, string> } | undefined {
  const found = /^(https?:\/\/.+)\/(restore|pair)#([^#]*)$/.exec(uri)
  if (!found) return undefined
  const members = new Map(found[3]!.split("&").map((one) => one.split("=", 2) as [string, string]))
  return { server: found[1]!, kind: found[2]!, members }
}
