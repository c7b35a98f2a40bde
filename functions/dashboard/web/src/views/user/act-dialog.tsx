// One act on a user: what will happen, why, and what came of it. What is written survives a new sign-in in between.
import { useState } from "preact/hooks";
import { type ApiProblem, problemFrom } from "../../api/client";
import { forget } from "../../api/resource";
import type { Code } from "../../api/types";
import { Dialog, Field, Trouble, say as announce } from "../../design/parts";
import { go, to } from "../../router";
import { dropDraft, keepDraft, readDraft } from "../../session/drafts";
import { may } from "../../session/roles";
import type { Person } from "../../session/session";
import { texts } from "../../texts";
import { showLetter } from "../letter/held";
import type { Act } from "./acts";

interface Draft {
  reason: string;
  hours: string;
}

interface Props {
  identity: string;
  act: Act;
  person: Person;
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

export function ActDialog({ identity, act, person, onClose, onDone }: Props) {
  const say = texts();
  const name = draftOf(identity);
  const kept = readDraft<Draft & { key: string }>(name);
  const [draft, setDraft] = useState<Draft>(kept?.key === act.key ? kept : { reason: "", hours: "24" });
  const [tried, setTried] = useState(false);
  const [acting, setActing] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const [waits, setWaits] = useState(false);

  const write = (changed: Partial<Draft>) => {
    const next = { ...draft, ...changed };
    setDraft(next);
    keepDraft(name, { ...next, key: act.key });
  };
  const close = () => {
    dropDraft(name);
    onClose();
  };
  const hours = Number(draft.hours);
  const hoursWrong = act.hours && !(Number.isInteger(hours) && hours >= 1 && hours <= 72);
  const reasonWrong = draft.reason.trim() === "";

  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (reasonWrong || hoursWrong || acting) return;
    keepDraft(name, { ...draft, key: act.key });
    setActing(true);
    setProblem(undefined);
    try {
      const reply = await act.send({ reason: draft.reason.trim(), hours });
      forget("users ");
      forget("approvals");
      dropDraft(name);
      arrived(reply);
    } catch (error) {
      setProblem(problemFrom(error));
    } finally {
      setActing(false);
    }
  };

  const arrived = (reply: { status: number; data: unknown }) => {
    if (reply.status === 202) {
      setWaits(true);
    } else if (act.shows) {
      showLetter(identity, reply.data as Code);
      go(to(["letter"]));
    } else {
      announce(say.acts.done);
      onDone();
      onClose();
    }
  };

  if (waits) {
    return (
      <Dialog title={say.acts.waits.title} onClose={onClose}>
        <p>{say.acts.waits.text}</p>
        <div class="buttons end">
          <button type="button" class="button" onClick={onClose}>{say.common.close}</button>
          {may(person.role, "admin") && <a class="button main" href={to(["approvals"])}>{say.acts.waits.link}</a>}
        </div>
      </Dialog>
    );
  }
  const words = act.texts(say);
  return (
    <Dialog title={words.title} onClose={close}>
      <ul class="says">{words.says.map((one) => <li key={one}>{one}</li>)}</ul>
      <form class="stack" onSubmit={(event) => void submit(event)} noValidate>
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
              maxLength={500}
              value={draft.reason}
              // a reason is one line of the log: printable characters only
              onInput={(event) => write({ reason: event.currentTarget.value.replace(/\s*\n\s*/g, " ") })}
            />
          )}
        </Field>
        {problem && <Trouble problem={problem} />}
        <div class="buttons end">
          <button type="button" class="button" onClick={close}>{say.common.close}</button>
          <button type="submit" class={act.danger ? "button main danger" : "button main"} disabled={acting}>{words.confirm}</button>
        </div>
      </form>
    </Dialog>
  );
}
