// What the log is asked for: by time, of or about whom, of what kind. What is wrong is said at its field, before it is sent.
import { Field } from "../../design/parts";
import { texts } from "../../texts";
import { KINDS, eventName } from "../../texts/events";
import { asName, beginsName, isName } from "../users/names";

/** As they stand in their fields; times are the viewer's own, to the minute. */
export interface Filters {
  from: string;
  to: string;
  identity: string;
  /** The identity's own events, or what administrators did about it. */
  rows: "identity" | "about";
  type: string;
}

/** What stands in the address, and what the server is asked for. */
export type Query = Partial<Record<"from" | "to" | "identity" | "about" | "type", string>>;
export type Mistakes = Partial<Record<keyof Filters, string>>;

export const NO_FILTERS: Filters = { from: "", to: "", identity: "", rows: "identity", type: "" };

export function filtersOf(query: URLSearchParams): Filters {
  const rows = query.has("about") ? "about" : "identity";
  return {
    from: query.get("from") ?? "",
    to: query.get("to") ?? "",
    identity: query.get(rows) ?? "",
    rows,
    type: query.get("type") ?? "",
  };
}

export function queryOf({ from, to, identity, rows, type }: Filters): Query {
  return { from, to, [rows]: asName(identity), type: type.trim() };
}

/** The same with the times in UTC, to the second, as the server reads them. */
export function askedBy(filters: Filters): Query {
  return { ...queryOf(filters), from: inUtc(filters.from), to: inUtc(filters.to, true) };
}

export function mistakesIn({ from, to, identity, rows }: Filters): Mistakes {
  const say = texts();
  const mistakes: Mistakes = {};
  if (from && to && inUtc(from) > inUtc(to, true)) mistakes.to = say.log.backwards;
  const name = asName(identity);
  if (name ? !isName(name) : rows === "about") mistakes.identity = beginsName(name) ? say.log.notWholeName : say.users.badName;
  return mistakes;
}

/** A minute ends with its last second. */
function inUtc(local: string, end = false): string {
  const at = local ? new Date(local) : undefined;
  if (!at || Number.isNaN(at.getTime())) return "";
  if (end && /T\d\d:\d\d$/.test(local)) at.setSeconds(59);
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

interface FormProps {
  filters: Filters;
  wrong: Mistakes;
  onChange: (filters: Filters) => void;
  onApply: (filters: Filters) => void;
}

export function FilterForm({ filters, wrong, onChange, onApply }: FormProps) {
  const say = texts().log;
  const set = (name: keyof Filters) => (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) =>
    onChange({ ...filters, [name]: event.currentTarget.value });
  return (
    <form
      class="bar top-aligned"
      role="search"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onApply(filters);
      }}
    >
      <Field label={say.from} wrong={wrong.from}>
        {(a) => <input {...a} class="input" type="datetime-local" value={filters.from} onInput={set("from")} />}
      </Field>
      <Field label={say.to} wrong={wrong.to}>
        {(a) => <input {...a} class="input" type="datetime-local" value={filters.to} onInput={set("to")} />}
      </Field>
      <Field label={say.identity} hint={say.identityHint} wrong={wrong.identity}>
        {(a) => (
          <input
            {...a}
            class="input"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            maxLength={64}
            value={filters.identity}
            onInput={set("identity")}
          />
        )}
      </Field>
      <Field label={say.rows} wrong={wrong.rows}>
        {(a) => (
          <select {...a} class="input" value={filters.rows} onChange={set("rows")}>
            <option value="identity">{say.own}</option>
            <option value="about">{say.about}</option>
          </select>
        )}
      </Field>
      <Field label={say.type} wrong={wrong.type}>
        {(a) => (
          <select {...a} class="input" value={filters.type} onChange={set("type")}>
            <option value="">{say.allTypes}</option>
            {filters.type !== "" && !Object.values(KINDS).some((kinds) => kinds.includes(filters.type)) && (
              <optgroup label={say.otherType}><option value={filters.type}>{filters.type}</option></optgroup>
            )}
            {Object.entries(KINDS).map(([group, kinds]) => (
              <optgroup key={group} label={say.kinds[group as keyof typeof KINDS]}>
                {kinds.map((one) => <option key={one} value={one}>{eventName(one)}</option>)}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      <div class="buttons">
        <button type="submit" class="button main">{say.filter}</button>
        <button
          type="button"
          class="button"
          onClick={() => {
            onChange(NO_FILTERS);
            onApply(NO_FILTERS);
          }}
        >
          {say.clear}
        </button>
      </div>
    </form>
  );
}
