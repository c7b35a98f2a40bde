// Policy: every field in a sentence, tried before it is saved, and saved over the version that was read.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, ask, problemFrom } from "../../api/client";
import { forget, useResource } from "../../api/resource";
import type { PolicyTried as Effect, WholePolicy as Fields } from "../../api/types";
import { Button, Dialog, Field, Title, Trouble, Waiting, say as announce } from "../../design/parts";
import { to, useHere } from "../../router";
import { dropDraft, keepDraft, readDraft } from "../../session/drafts";
import { may } from "../../session/roles";
import type { Person } from "../../session/session";
import { number, texts } from "../../texts";
import { Difference, GROUPS, NAMES, type Name, type Read, namesOf, readPolicy, same, shown } from "./difference";
import { Effects } from "./effects";
import { type Form, NUMBERS, fieldsOf, formOf, wrongWith } from "./fields";

const DRAFT = "policy";
const TRIED = "policy tried";

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

/** What was tried last: shown as long as the same is wanted over the same version, after a way to a list and back, too. */
interface Tried {
  wanted: Fields;
  version: number;
  effect: Effect;
}

function PolicyForm({ read, changes, again, know }: FormProps) {
  const say = texts().policy;
  // what somebody has changed, by field; the rest is as it is in force
  const [edits, setEdits] = useState<Partial<Form>>(() => readDraft<Partial<Form>>(DRAFT) ?? {});
  const [tried, setTried] = useState<Tried | undefined>(() => readDraft<Tried>(TRIED));
  const [checks, setChecks] = useState(0);
  const [problem, setProblem] = useState<ApiProblem>();
  const [acting, setActing] = useState<"trying" | "saving">();
  const [waits, setWaits] = useState(false);
  const [mine, setMine] = useState<{ edits: Partial<Form>; before: Read }>();
  const isHere = useHere();
  const whole = useRef<HTMLFormElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  const form: Form = { ...formOf(read.fields), ...edits };
  const wanted = fieldsOf(form);
  const changed = NAMES.filter((name) => !same(wanted[name], read.fields[name]));
  const effect = changed.length > 0 && tried?.version === read.version && same(tried.wanted, wanted) ? tried.effect : undefined;
  const wrongs = Object.fromEntries(NAMES.map((name) => [name, wrongWith(name, form[name]) ?? refused(problem, name)]));

  useLayoutEffect(() => {
    if (checks > 0) whole.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [checks]);

  const edit = (name: Name, value: boolean | string) => {
    const next = { ...edits, [name]: value };
    setEdits(next);
    keepDraft(DRAFT, next);
    setProblem(undefined);
  };
  const undo = () => {
    setEdits({});
    dropDraft(DRAFT);
    setTried(undefined);
    dropDraft(TRIED);
    setProblem(undefined);
    setChecks(0);
  };
  const attempt = async (as: "trying" | "saving", act: () => Promise<void>) => {
    setActing(as);
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      const is = problemFrom(error);
      if (as === "saving" && !isHere()) announce(`${say.title}: ${is.detail}`);
      if (is.code === "stale") {
        await again(); // what it is now has to be known before it is compared
        setMine({ edits, before: read });
      } else {
        setProblem(is);
        if (is.errors.length > 0) setChecks(checks + 1);
        if (is.status === 0 || is.status >= 500) await again(); // it may have been saved all the same
      }
    } finally {
      setActing(undefined);
    }
  };
  const tryIt = () => {
    if (NAMES.some((name) => wrongWith(name, form[name]))) {
      setProblem(undefined);
      setChecks(checks + 1);
      return;
    }
    void attempt("trying", async () => {
      const { data } = await ask("PUT /policy", { query: { dry_run: "true" }, body: wanted, ifMatch: read.etag });
      if (!("locked_out" in data)) return;
      const is: Tried = { wanted, version: read.version, effect: data };
      setTried(is);
      keepDraft(TRIED, is);
    });
  };
  const save = () =>
    void attempt("saving", async () => {
      const reply = await ask("PUT /policy", { body: wanted, ifMatch: read.etag });
      forget("approvals");
      if (reply.status === 202) {
        setWaits(true);
        if (!isHere()) announce(`${say.title}: ${texts().acts.waits.title}.`);
        dropDraft(DRAFT);
        return;
      }
      if (!("version" in reply.data)) return;
      const { version, ...fields } = reply.data;
      undo();
      know({ fields, version, etag: reply.etag ?? `"${version}"` });
      announce(say.saved(version));
    });
  const keep = () => {
    setMine(undefined);
    announce(say.conflict.kept);
  };

  return (
    <form class="columns" noValidate ref={whole} onSubmit={(event) => event.preventDefault()}>
      <div class="stack">
        {GROUPS.map((group) => (
          // what is being saved is what is seen: nothing written after it is lost with it
          <fieldset key={group} class="card" disabled={!changes || acting === "saving"}>
            <legend class="hidden">{say.groups[group]}</legend>
            <h2 aria-hidden="true">{say.groups[group]}</h2>
            {namesOf(group).map((name) => (
              <One key={name} name={name} value={form[name]} wrong={checks > 0 ? wrongs[name] : undefined} onEdit={(value) => edit(name, value)} />
            ))}
          </fieldset>
        ))}
      </div>
      {changes && (
        <section class="card sticky" aria-labelledby="changes">
          <h2 id="changes" ref={heading} tabIndex={-1}>{say.changes}</h2>
          {changed.length === 0 ? <p class="quiet">{say.unchanged}</p> : <Difference names={changed} left={read.fields} right={wanted} />}
          <div role="status">{effect && <Effects effect={effect} wanted={wanted} />}</div>
          {changed.length > 0 && !effect && <p class="hint">{say.tryFirst}</p>}
          {problem && <Trouble problem={new ApiProblem(problem.code, problem.detail, problem.status)} />}
          <div class="buttons">
            <Button main={!effect} off={acting !== undefined || changed.length === 0} onPress={tryIt}>{say.tryIt}</Button>
            <Button main={effect !== undefined} off={acting !== undefined || !effect} onPress={save}>{say.save}</Button>
            {changed.length > 0 && <Button off={acting !== undefined} onPress={() => (undo(), heading.current?.focus())}>{say.undo}</Button>}
          </div>
        </section>
      )}
      {waits && <Waits onClose={() => (setWaits(false), undo())} />}
      {mine && <Conflict mine={mine} now={read} onKeep={keep} onTake={() => (setMine(undefined), undo())} />}
    </form>
  );
}

/** The server's own sentence about a field is English, and for programs: what it refuses is said here to be refused. */
function refused(problem: ApiProblem | undefined, name: Name): string | undefined {
  return problem?.errors.some(({ field }) => field.split(".")[0] === name) ? texts().policy.wrong.other : undefined;
}

function One({ name, value, wrong, onEdit }: { name: Name; value: boolean | string; wrong: string | undefined; onEdit: (value: boolean | string) => void }) {
  const [label, hint] = texts().policy.fields[name];
  const range = NUMBERS[name];
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
      {({ "aria-describedby": described, ...attributes }) =>
        range
          ? (
            <div class="ranged">
              <input
                {...attributes}
                aria-describedby={`${name}-range ${described ?? ""}`}
                class="input short"
                type="number"
                inputMode="numeric"
                min={range[0]}
                max={range[1]}
                value={value}
                onInput={(event) => onEdit(event.currentTarget.value)}
              />
              <span class="quiet" id={`${name}-range`}>{texts().policy.range(number(range[0]), number(range[1]))}</span>
            </div>
          )
          : (
            <textarea
              {...attributes}
              aria-describedby={described}
              class="input low"
              rows={3}
              value={value}
              spellcheck={false}
              onInput={(event) => onEdit(event.currentTarget.value)}
            />
          )}
    </Field>
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
  const heads = [say.before, say.theirs, say.yours];
  return (
    <Dialog title={say.title} onClose={onKeep}>
      <p>{say.text}</p>
      <table class="table tight folds">
        <thead>
          <tr>
            <th scope="col">{texts().policy.field}</th>
            {heads.map((head) => <th key={head} scope="col">{head}</th>)}
          </tr>
        </thead>
        <tbody>
          {differ.map((name) => (
            <tr key={name}>
              <th scope="row">{texts().policy.fields[name][0]}</th>
              <td data-label={heads[0]}>{shown(before[name])}</td>
              {[now.fields, wanted].map((fields, which) => (
                <td key={which} data-label={heads[which + 1]}>{same(before[name], fields[name]) ? <span class="quiet nowrap">{say.unchanged}</span> : <strong>{shown(fields[name])}</strong>}</td>
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
