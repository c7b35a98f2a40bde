// What the app finds in a browser and node does not have, as little as it needs. Load it before anything of the app.
process.env.TZ = "America/St_Johns"; // half an hour off the whole ones: a time that is not converted is seen

class Kept {
  #all = new Map();
  getItem = (name) => this.#all.get(name) ?? null;
  setItem = (name, value) => void this.#all.set(name, String(value));
  removeItem = (name) => void this.#all.delete(name);
  clear = () => this.#all.clear();
}

/** Where the app sent the browser to, in order. */
export const visited = [];
/** What was asked of the server and the pool: `{method, url, headers, body}`. */
export const asked = [];
const answers = [];

Object.assign(globalThis, {
  addEventListener() {},
  BroadcastChannel: class {
    addEventListener() {}
    postMessage() {}
  },
  document: { addEventListener() {} },
  history: { state: null, replaceState() {} },
  localStorage: new Kept(),
  location: { hash: "", search: "", assign: (url) => void visited.push(new URL(url)) },
  sessionStorage: new Kept(),
  async fetch(url, { method = "GET", headers = {}, body } = {}) {
    const one = { method, url: new URL(url), headers, body };
    asked.push(one);
    const [, answer] = answers.findLast(([path]) => one.url.pathname.endsWith(path)) ?? [];
    if (!answer) throw new TypeError(`nobody answers ${url}`);
    return answer(one);
  },
});
Object.defineProperty(navigator, "languages", { value: ["en-GB"] });

/** Answer what is asked at addresses that end so: the rule that was given last counts. */
export function answering(path, answer) {
  answers.push([path, answer]);
}
