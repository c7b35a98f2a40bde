// Policy: every field in a sentence, tried before it is saved, and saved over the version that was read.
import { useState } from "preact/hooks";
import { type ApiProblem, ask, problemFrom } from "../../api/client";
import { forget, useResource } from "../../api/resource";
import type { PolicyTried as Effect, WholePolicy as Fields } from "../../api/types";
import { Dialog, Field, Title, Trouble, Waiting, say as announce } from "../../design/parts";
import { to } from "../../router";
import { dropDraft, keepDraft, readDraft } from "../../session/drafts";
import { may } from "../../session/roles";
import type { Person } from "../../session/session";
import { texts } from "../../texts";
import { Difference, GROUPS, NAMES, type Name, type Read, readPolicy, same, shown } from "./difference";

const DRAFT = "policy";
/** Nobody has more devices than policy can ever allow. */
const MOST_DEVICES = 10;

/** What of a policy the form holds: of a number and of domains, the text that somebody types. */
type Form = Record<Name, boolean | string>;

export function Policy({ person }: { person: Person }) {
  const say = texts().policy;
  const found = useResource("policy", readPolicy);
  return (
    <>
      <Title end={found.data && <span class="quiet">{say.version(found.data.version)}</span>}>{say.title}</Title>
      <p class="quiet">{may(person.role, "admin") ? say.intro : say.readOnly}</p>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!found.data && !found.problem && <Waiting />}
      {found.data && (
        <PolicyForm read={found.data} changes={may(person.role, "admin")} again={found.again} know={found.know} />
      )}
    </>
  );
}

interface FormProps {
  read: Read;
  changes: boolean;
  again: () => Promise<void>;
  know: (read: Read) => void;
}

function PolicyForm({ read, changes, again, know }: FormProps) {
  const say = texts().policy;
  // what somebody has changed, by field; the rest is as it is in force
  const [edits, setEdits] = useState<Partial<Form>>(() => readDraft<Partial<Form>>(DRAFT) ?? {});
  const [effect, setEffect] = useState<Effect>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [acting, setActing] = useState(false);
  const [waits, setWaits] = useState(false);
  const [mine, setMine] = useState<{ edits: Partial<Form>; before: Read }>();

  const form: Form = { ...formOf(read.fields), ...edits };
  const wanted = fieldsOf(form);
  const changed = NAMES.filter((name) => !same(wanted[name], read.fields[name]));

  const edit = (name: Name, value: boolean | string) => {
    const next = { ...edits, [name]: value };
    setEdits(next);
    keepDraft(DRAFT, next);
    setEffect(undefined);
    setProblem(undefined);
  };
  const undo = () => {
    setEdits({});
    dropDraft(DRAFT);
    setEffect(undefined);
    setProblem(undefined);
  };
  const attempt = async (act: () => Promise<void>) => {
    setActing(true);
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      const is = problemFrom(error);
      if (is.code === "stale") {
        await again(); // what it is now has to be known before it is compared
        setMine({ edits, before: read });
      } else {
        setProblem(is);
      }
    } finally {
      setActing(false);
    }
  };
  const tryIt = () =>
    attempt(async () => {
      const { data } = await ask("PUT /policy", { query: { dry_run: "true" }, body: wanted });
      if ("locked_out" in data) setEffect(data);
    });
  const save = () =>
    attempt(async () => {
      const reply = await ask("PUT /policy", { body: wanted, ifMatch: read.etag });
      forget("approvals");
      if (reply.status === 202) {
        setWaits(true);
        dropDraft(DRAFT);
        return;
      }
      if (!("version" in reply.data)) return;
      const { version, ...fields } = reply.data;
      undo();
      know({ fields, version, etag: reply.etag ?? `"${version}"` });
      announce(say.saved(version));
    });

  return (
    <form
      class="columns"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void (effect ? save() : tryIt());
      }}
    >
      <div class="stack">
        {Object.entries(GROUPS).map(([group, names]) => (
          <fieldset key={group} class="card" disabled={!changes}>
            <legend class="hidden">{say.groups[group as keyof typeof say.groups]}</legend>
            <h2 aria-hidden="true">{say.groups[group as keyof typeof say.groups]}</h2>
            {names.map((name) => (
              <One
                key={name}
                name={name}
                value={form[name]}
                wrong={problem?.errors.find(({ field }) => field.split(".")[0] === name)?.message}
                onEdit={(value) => edit(name, value)}
              />
            ))}
          </fieldset>
        ))}
      </div>
      {changes && (
        <section class="card sticky" aria-labelledby="changes">
          <h2 id="changes">{say.changes}</h2>
          {changed.length === 0 ? <p class="quiet">{say.unchanged}</p> : <Difference names={changed} left={read.fields} right={wanted} />}
          {effect && <Effects effect={effect} wanted={wanted} />}
          {changed.length > 0 && !effect && <p class="hint">{say.tryFirst}</p>}
          {problem && <Trouble problem={problem} />}
          <div class="buttons">
            <button type="button" class={effect ? "button" : "button main"} disabled={acting || changed.length === 0} onClick={() => void tryIt()}>
              {say.tryIt}
            </button>
            <button type="button" class={effect ? "button main" : "button"} disabled={acting || !effect} onClick={() => void save()}>{say.save}</button>
            {changed.length > 0 && <button type="button" class="button" disabled={acting} onClick={undo}>{say.undo}</button>}
          </div>
        </section>
      )}
      {waits && <Waits onClose={() => (setWaits(false), undo())} />}
      {mine && (
        <Conflict
          mine={mine}
          now={read}
          onKeep={() => (setMine(undefined), setEffect(undefined))}
          onTake={() => (setMine(undefined), undo())}
        />
      )}
    </form>
  );
}

function One({ name, value, wrong, onEdit }: { name: Name; value: boolean | string; wrong: string | undefined; onEdit: (value: boolean | string) => void }) {
  const [label, hint] = texts().policy.fields[name] ?? [name, ""];
  if (typeof value === "boolean") {
    return (
      <div class="check">
        <input type="checkbox" id={name} checked={value} aria-describedby={`${name}-hint`} onChange={(event) => onEdit(event.currentTarget.checked)} />
        <label for={name}>{label}</label>
        <span class="hint" id={`${name}-hint`}>{hint}</span>
      </div>
    );
  }
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(attributes) =>
        name === "email_domains"
          ? <textarea {...attributes} class="input low" rows={3} value={value} spellcheck={false} onInput={(event) => onEdit(event.currentTarget.value)} />
          : <input {...attributes} class="input short" type="number" inputMode="numeric" value={value} onInput={(event) => onEdit(event.currentTarget.value)} />}
    </Field>
  );
}

/** Whom it would meet: how many, and where the list of them is. */
function Effects({ effect, wanted }: { effect: Effect; wanted: Fields }) {
  const say = texts().policy;
  const lists: [query: Record<string, string>, name: string][] = [];
  if (wanted.enforce_on_creation && wanted.restore_enabled) {
    lists.push([{ restore: "off" }, say.whoOff], [{ restore: "awaiting_email" }, say.whoUnconfirmed]);
  }
  if (wanted.require_verification_key) lists.push([{ lacks: "verification_key" }, say.whoUnverified]);
  if (wanted.max_devices < MOST_DEVICES) {
    lists.push([{ devices_over: String(wanted.max_devices) }, say.whoOver(wanted.max_devices)]);
  }
  return (
    <div class={`notice ${effect.locked_out > 0 ? "bad" : effect.obliged > 0 ? "warn" : "good"}`} role="status">
      <h3>{say.effect}</h3>
      <p>{say.lockedOut(effect.locked_out)}</p>
      {effect.locked_out > 0 && (
        <>
          <a href={to(["users"], { restore: "enabled" })}>{say.whoReady}</a>
          <p class="small">{say.readyAndBounced}</p>
        </>
      )}
      <p>{say.obliged(effect.obliged)}</p>
      {effect.obliged > 0 && (
        <ul class="list">
          {lists.map(([query, name]) => <li key={name}><a href={to(["users"], query)}>{name}</a></li>)}
        </ul>
      )}
    </div>
  );
}

function Waits({ onClose }: { onClose: () => void }) {
  const say = texts();
  return (
    <Dialog title={say.acts.waits.title} onClose={onClose}>
      <p>{say.acts.waits.text}</p>
      <div class="buttons end">
        <button type="button" class="button" onClick={onClose}>{say.common.close}</button>
        <a class="button main" href={to(["approvals"])} onClick={onClose}>{say.acts.waits.link}</a>
      </div>
    </Dialog>
  );
}

interface ConflictProps {
  mine: { edits: Partial<Form>; before: Read };
  now: Read;
  onKeep: () => void;
  onTake: () => void;
}

/** What the other has changed and what oneself has, side by side. */
function Conflict({ mine, now, onKeep, onTake }: ConflictProps) {
  const say = texts().policy.conflict;
  const before = mine.before.fields;
  const wanted = fieldsOf({ ...formOf(before), ...mine.edits });
  const differ = NAMES.filter((name) => !same(before[name], now.fields[name]) || !same(before[name], wanted[name]));
  return (
    <Dialog title={say.title} onClose={onKeep}>
      <p>{say.text}</p>
      <table class="table tight">
        <thead>
          <tr>
            <th scope="col">{texts().policy.field}</th>
            {[say.before, say.theirs, say.yours].map((head) => <th key={head} scope="col">{head}</th>)}
          </tr>
        </thead>
        <tbody>
          {differ.map((name) => (
            <tr key={name}>
              <th scope="row">{texts().policy.fields[name]?.[0] ?? name}</th>
              <td>{shown(before[name])}</td>
              {[now.fields, wanted].map((fields, which) => (
                <td key={which}>{same(before[name], fields[name]) ? "=" : <strong>{shown(fields[name])}</strong>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div class="buttons end">
        <button type="button" class="button" onClick={onTake}>{say.take}</button>
        <button type="button" class="button main" onClick={onKeep}>{say.keep}</button>
      </div>
    </Dialog>
  );
}

function formOf(fields: Fields): Form {
  const { email_domains: domains, ...others } = fields;
  const form = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
  return { ...form, email_domains: (domains ?? []).join("\n") } as Form;
}

function fieldsOf(form: Form): Fields {
  const fields = Object.fromEntries(
    NAMES.map((name) => {
      const value = form[name];
      if (name === "email_domains") {
        const domains = String(value).split(/[\s,]+/).filter(Boolean);
        return [name, domains.length > 0 ? domains : null];
      }
      // what is no number goes to the server as it is, which says so beside the field
      return [name, typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value) : value];
    }),
  );
  return fields as unknown as Fields;
}
