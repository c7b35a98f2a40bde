// A code on a sheet of paper, for whoever lost theirs: made to be printed on A4 or Letter, in a language of its own.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useCell } from "../../cell";
import { Dialog, Empty, Title } from "../../design/parts";
import { go, to } from "../../router";
import { serverName } from "../../session/session";
import { LANGUAGES, type Language, language, texts, textsIn, timeWithZone } from "../../texts";
import { type Held, SHOWN_MINUTES, gone, held, putAway } from "./held";

export function Letter() {
  const shown = useCell(held);
  const why = useCell(gone);
  const say = texts().letter;
  const [written, setWritten] = useState<Language>(language.value);
  const [asking, setAsking] = useState(false);
  const unprinted = useUnprinted(shown !== undefined);
  useLayoutEffect(() => putAway, []); // who leaves has seen it
  if (!shown) {
    return (
      <>
        <Title>{say.title}</Title>
        <div class="card"><Empty title={say.gone.title} text={why ? say.wentBy[why] : say.gone.text} /></div>
      </>
    );
  }
  const user = to(["user", shown.identity]);
  const leave = (event: Event) => {
    if (!unprinted.current) return;
    event.preventDefault();
    setAsking(true);
  };
  return (
    <>
      <div class="no-print stack">
        <Title
          end={
            <>
              <a class="button" href={user} onClick={leave}>{say.toUser}</a>
              <button type="button" class="button main" onClick={() => print()}>{say.print}</button>
            </>
          }
        >
          {say.forWhom(shown.identity)}
        </Title>
        <p class="notice warn">{say.screenHint(SHOWN_MINUTES)}</p>
        <label class="field written">
          <span class="label">{say.language}</span>
          <select class="input" value={written} onChange={(event) => setWritten(event.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([one, name]) => <option key={one} value={one} selected={one === written}>{name}</option>)}
          </select>
        </label>
      </div>
      <Sheet {...shown} written={written} />
      {asking && (
        <Dialog title={say.leave.title} onClose={() => setAsking(false)}>
          <p>{say.leave.text}</p>
          <div class="buttons end">
            <button type="button" class="button" onClick={() => setAsking(false)}>{say.leave.stay}</button>
            <button type="button" class="button main danger" onClick={() => go(user)}>{say.leave.go}</button>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** Whether the code was never on paper. As long as it was not, the browser asks before it closes the page. */
function useUnprinted(shown: boolean): { current: boolean } {
  const unprinted = useRef(shown);
  useLayoutEffect(() => {
    const printed = () => {
      unprinted.current = false;
    };
    const ask = (event: BeforeUnloadEvent) => {
      if (unprinted.current) event.preventDefault();
    };
    unprinted.current = shown;
    addEventListener("afterprint", printed);
    addEventListener("beforeunload", ask);
    return () => {
      removeEventListener("afterprint", printed);
      removeEventListener("beforeunload", ask);
    };
  }, [shown]);
  return unprinted;
}

function Sheet({ identity, code, written }: Held & { written: Language }) {
  const say = textsIn(written).letter;
  const drawing = drawingOf(code.qr.svg);
  const [server = ""] = code.qr.uri.split("/restore#");
  return (
    <article class="sheet" aria-label={say.title} lang={written}>
      <header>
        <p class="sheet-server">{serverName.value}</p>
        <h2>{say.title}</h2>
      </header>
      <div class="sheet-top">
        <dl>
          <dt>{say.identity}</dt>
          <dd>{identity}</dd>
          <dt>{say.label}</dt>
          <dd><span class="mono">{code.code_label}</span> <span class="sheet-hint">{say.labelHint}</span></dd>
          <dt>{say.until}</dt>
          <dd>{"expires_at" in code ? say.onceUntil(timeWithZone(code.expires_at, written)) : say.ownValid}</dd>
          <dt>{say.server}</dt>
          <dd class="mono">{server}</dd>
        </dl>
        {drawing && (
          <svg class="sheet-qr" role="img" aria-label={say.qr} viewBox={drawing.box}>
            <path d={drawing.path} />
          </svg>
        )}
      </div>
      {/* a list without bullets is none to Safari, unless it says so */}
      <ul class="sheet-code" role="list" aria-label={say.title}>
        {code.restore_code.split("-").map((group, at) => <li key={`${at} ${group}`}>{group}</li>)}
      </ul>
      <h3>{say.todo}</h3>
      <ol>{say.steps.map((step) => <li key={step}>{step}</li>)}</ol>
      <p class="sheet-secret">{say.secret}</p>
    </article>
  );
}

/** The modules of a QR code from the server's SVG: its numbers are taken, its markup is not. */
function drawingOf(svg: string): { box: string; path: string } | undefined {
  const box = /\sviewBox="([\d .-]+)"/.exec(svg)?.[1];
  const paths = [...svg.matchAll(/\sd="([MmHhVvLlZz\d\s,.-]+)"/g)].map(([, path]) => path);
  return box && paths.length > 0 ? { box, path: paths.join("") } : undefined;
}
