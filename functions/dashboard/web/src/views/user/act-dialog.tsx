// One act on a user: what will happen, why, and what came of it. What is written survives a new sign-in in between.
import { useId, useRef, useState } from "preact/hooks";
import { ApiProblem } from "../../api/client";
import { Dialog, Field, Trouble } from "../../design/parts";
import { to } from "../../router";
import { dropDraft, keepDraft, readDraft } from "../../session/drafts";
import { may } from "../../session/roles";
import type { Person } from "../../session/session";
import { texts } from "../../texts";
import { type Where, useActing } from "./acting";
import type { Act } from "./acts";

interface Draft {
  reason: string;
  hours: string;
}

interface Props {
  act: Act;
  person: Person;
  where: Where;
  /** Whether the identity was found erased since the dialog was opened. */
  erased: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function draftOf(identity: string): string {
  return `act on ${identity}`;
}

/** The act that was begun on this user, if any: `{key, …}`. */
export function begun(identity: string): string | undefined {
  return readDraft<{ key: string }>(draftOf(identity))?.key;
}

export function ActDialog({ act, person, where, erased, onClose, onDone }: Props) {
  const say = texts();
  const name = draftOf(where.identity);
  const kept = readDraft<Draft & { key: string }>(name);
  const [draft, setDraft] = useState<Draft>(kept?.key === act.key ? kept : { reason: "", hours: "24" });
  const [tried, setTried] = useState(false);
  const [waits, setWaits] = useState(false);
  const { acting, problem, perform } = useActing(where);
  const form = useRef<HTMLFormElement>(null);
  const consequences = useId();

  const write = (changed: Partial<Draft>) => {
    const next = { ...draft, ...changed };
    setDraft(next);
    keepDraft(name, { ...next, key: act.key });
  };
  const close = () => {
    if (acting) return;
    dropDraft(name);
    onClose();
  };
  const hours = Number(draft.hours);
  const hoursWrong = act.hours && !(Number.isInteger(hours) && hours >= 1 && hours <= 72);
  const reasonWrong = draft.reason.trim() === "";

  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (reasonWrong || hoursWrong) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    keepDraft(name, { ...draft, key: act.key });
    const outcome = await perform(act, { reason: draft.reason.trim(), hours });
    if (outcome === "done" || outcome === "waits") dropDraft(name);
    if (outcome === "waits") setWaits(true);
    if (outcome === "done" && !(act.shows && where.isHere())) {
      onDone();
      onClose();
    }
  };

  if (waits) {
    const isAdmin = may(person.role, "admin");
    return (
      <Dialog key="waits" title={say.acts.waits.title} describedBy={consequences} onClose={onClose}>
        <p id={consequences}>{isAdmin ? say.acts.waits.text : say.acts.waits.helpdesk}</p>
        <div class="buttons end">
          <button type="button" class="button" onClick={onClose}>{say.common.close}</button>
          {isAdmin && <a class="button main" href={to(["approvals"])}>{say.acts.waits.link}</a>}
        </div>
      </Dialog>
    );
  }
  const words = act.texts(say);
  return (
    <Dialog key="asks" title={words.title} describedBy={consequences} busy={acting} onClose={close}>
      <ul class="says" id={consequences}>
        {words.says.map(({ text, warns }) => <li key={text} class={warns ? "warns" : undefined}>{text}</li>)}
      </ul>
      <form ref={form} class="stack" onSubmit={(event) => void submit(event)} noValidate>
        {act.hours && (
          <Field label={say.acts.issue.hours} wrong={tried && hoursWrong ? say.acts.issue.hoursWrong : undefined}>
            {(attributes) => (
              <input
                {...attributes}
                class="input short"
                type="number"
                inputMode="numeric"
                min={1}
                max={72}
                value={draft.hours}
                onInput={(event) => write({ hours: event.currentTarget.value })}
              />
            )}
          </Field>
        )}
        <Field label={say.common.reason} hint={say.common.reasonHint} wrong={tried && reasonWrong ? say.common.reasonMissing : undefined}>
          {(attributes) => (
            <textarea
              {...attributes}
              class="input"
              required
              autofocus
              readOnly={acting}
              maxLength={500}
              value={draft.reason}
              // a reason is one line of the log: printable characters only
              onInput={(event) => write({ reason: event.currentTarget.value.replace(/\s*\n\s*/g, " ") })}
            />
          )}
        </Field>
        {problem && <Trouble problem={erased ? new ApiProblem("not_found", say.acts.problems["erased"] ?? "", 404) : problem} />}
        <div class="buttons end">
          <button type="button" class="button" aria-disabled={acting} onClick={close}>{say.common.close}</button>
          <button type="submit" class={act.danger ? "button main danger" : "button main"} aria-disabled={acting}>
            {acting ? say.acts.underWay : words.confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
