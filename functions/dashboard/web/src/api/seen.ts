// Reading again while somebody looks: nothing is asked for a page that nobody sees.
import { useEffect, useRef } from "preact/hooks";

/** Focus and visibility come together when somebody comes back: that is one reading. */
const AT_ONCE = 2000;

/** Do something every so many seconds while the page is seen, and whenever somebody comes back to it. */
export function useWhileSeen(act: () => unknown, seconds: number, on = true): void {
  const current = useRef(act);
  current.current = act;
  useEffect(() => {
    if (!on) return undefined;
    let last = Date.now();
    const run = () => {
      if (document.visibilityState !== "visible") return;
      last = Date.now();
      current.current();
    };
    const back = () => {
      if (Date.now() - last > AT_ONCE) run();
    };
    const timer = setInterval(run, seconds * 1000);
    addEventListener("focus", back);
    document.addEventListener("visibilitychange", back);
    return () => {
      clearInterval(timer);
      removeEventListener("focus", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [seconds, on]);
}
