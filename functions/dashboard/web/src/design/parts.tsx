// The small parts that views are made of. They hold no state of the product and know no route.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { ApiProblem } from "../api/client";
import type { RestoreStatus } from "../api/types";
import { Cell, useCell } from "../cell";
import { signIn, signInAgain } from "../session/session";
import { ago, texts, time } from "../texts";

export type Tone = "good" | "warn" | "bad" | "plain";

export function Title({ children, end }: { children: ComponentChildren; end?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // who has just come here, by keyboard or with a screen reader, begins to read here
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), []);
  useLayoutEffect(() => {
    document.title = `${heading.current?.textContent ?? ""} – ${texts().name}`;
  });
  return (
    <div class="head">
      <h1 ref={heading} tabIndex={-1}>{children}</h1>
      {end && <div class="end buttons">{end}</div>}
    </div>
  );
}

/** What people have named or written themselves: nothing of it leaves its own box, whatever its letters are (base.css). */
export function Foreign({ as: Tag = "span", children }: { as?: "span" | "h3" | "p" | "div" | "td"; children: ComponentChildren }) {
  return <Tag class="foreign" dir="auto">{children}</Tag>;
}

export function Badge({ tone, children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone ?? ""}`}>{children}</span>;
}

interface ButtonProps {
  off?: boolean;
  main?: boolean;
  danger?: boolean;
  onPress: () => void;
  children: ComponentChildren;
}

/** A button that keeps the focus while it cannot be pressed: what was pressed does not throw one back to the page's beginning. */
export function Button({ off = false, main = false, danger = false, onPress, children }: ButtonProps) {
  const look = ["button", main && "main", danger && "danger"].filter(Boolean).join(" ");
  return <button type="button" class={look} aria-disabled={off} onClick={() => off || onPress()}>{children}</button>;
}

const TONES: Record<RestoreStatus, Tone> = { enabled: "good", awaiting_email: "warn", off: "warn", disabled_by_admin: "bad" };

/** Where mail bounces nobody gets the code that is mailed: that is no green. */
export function Status({ of, bounces = false }: { of: RestoreStatus; bounces?: boolean }) {
  if (bounces && of === "enabled") return <Badge tone="warn">{texts().users.bounces}</Badge>;
  return <Badge tone={TONES[of]}>{texts().status[of]}</Badge>;
}

/** A time as people say it and exactly, in the viewer's zone; or exactly alone. */
export function When({ at, exact = false }: { at: string; exact?: boolean }) {
  return <time dateTime={at} title={exact ? at : time(at)}>{exact ? time(at) : ago(at)}</time>;
}

export function Empty({ title, text, children }: { title: string; text: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </div>
  );
}

export function Waiting() {
  return <p class="waiting" role="status">{texts().common.loading}</p>;
}

/** What the API says is wrong, as it says it, and what mends it. */
export function Trouble({ problem, again }: { problem: ApiProblem; again?: () => void }) {
  const say = texts();
  return (
    <div class="notice bad" role="alert">
      <p>{problem.detail}</p>
      {problem.errors.length > 0 && (
        <ul class="says">
          {problem.errors.map(({ field, message }) => <li key={field}><code>{field}</code> {message}</li>)}
        </ul>
      )}
      {problem.wantsSignIn
        ? <button type="button" class="button" onClick={problem.code === "token_invalid" ? () => void signIn() : signInAgain}>{say.session.again}</button>
        : again && problem.status !== 422 && <button type="button" class="button" onClick={again}>{say.problems.tryAgain}</button>}
    </div>
  );
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  wrong?: string | undefined;
  narrow?: boolean;
  children: (attributes: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ComponentChildren;
}

/** A label, a hint and what is wrong, tied to one control. */
export function Field({ label, hint, wrong, narrow, children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  return (
    <div class={narrow ? "field narrow" : "field"}>
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described, "aria-invalid": Boolean(wrong) })}
      {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      <span class="live" aria-live="polite">{wrong && <span class="wrong" id={`${id}-wrong`}>{wrong}</span>}</span>
    </div>
  );
}

interface DialogProps {
  title: string;
  /** The id of what is said before anything is asked. */
  describedBy?: string | undefined;
  /** Whether something is under way, of which nobody may think that closing stops it. */
  busy?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog: the browser's own, which keeps the focus inside. It goes back to where it was, or else to the title. */
export function Dialog({ title, describedBy, busy = false, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // with its first drawing, not a moment after: a key pressed in between would be none for it
  useLayoutEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () =>
      // as long as the dialog is there, nothing behind it takes the focus
      void requestAnimationFrame(() => {
        const isLost = () => document.activeElement === document.body;
        if (isLost() && opener instanceof HTMLElement) opener.focus();
        // what opened it is gone or disabled: not to the very beginning of the page
        if (isLost()) document.querySelector<HTMLElement>("h1")?.focus();
      });
  }, []);
  const stay = (event: Event) => {
    if (busy) event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      aria-describedby={describedBy}
      onCancel={stay}
      onKeyDown={(event) => event.key === "Escape" && stay(event)}
      // a browser closes it in spite of `cancel` when it is asked to often enough
      onClose={() => (busy ? dialog.current?.showModal() : onClose())}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

const said = new Cell("");
let silence: ReturnType<typeof setTimeout> | undefined;

/** Say that something is done, to eyes and to screen readers. */
export function say(what: string): void {
  said.set(what);
  clearTimeout(silence);
  silence = setTimeout(() => said.set(""), 6000);
}

export function Said() {
  const what = useCell(said);
  return <div role="status" aria-live="polite">{what && <div class="toast">{what}</div>}</div>;
}
