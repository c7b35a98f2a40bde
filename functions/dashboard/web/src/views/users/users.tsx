// Users: search as you type, by what restore is like or what is missing, page by page.
import { useEffect, useState } from "preact/hooks";
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import { DEVICES_OVER, type Identities, LACKS, RESTORE_STATUSES } from "../../api/types";
import { useCell } from "../../cell";
import { Empty, Field, Status, Title, Trouble, Waiting } from "../../design/parts";
import { become, place, to } from "../../router";
import { number, texts } from "../../texts";

const PAUSE = 200;
/** The lists that the server keeps: one at a time. */
const LISTS = ["restore", "lacks", "devices_over"] as const;

export function Users() {
  const { query } = useCell(place);
  const prefix = query.get("prefix") ?? "";
  const listed = LISTS.find((name) => query.has(name));
  const filter = listed ? `${listed}=${query.get(listed)}` : "";
  const over = query.get("devices_over");
  const say = texts();

  const show = (asked: { prefix: string; filter: string }) => {
    const [kind, value] = asked.filter.split("=");
    become(to(["users"], { prefix: asked.prefix, ...(kind ? { [kind]: value } : {}) }));
  };

  const read = async (cursor: string | null) =>
    (await ask("GET /identities", { query: { prefix, ...(listed && { [listed]: query.get(listed) }), cursor } })).data;
  const found = useResource(`users ${prefix} ${filter}`, () => read(null));
  const [more, setMore] = useState<"idle" | "reading">("idle");

  const readOn = async () => {
    if (!found.data) return;
    setMore("reading");
    try {
      const next = await read(found.data.cursor);
      found.know({ identities: [...found.data.identities, ...next.identities], cursor: next.cursor });
    } catch {
      void found.again();
    } finally {
      setMore("idle");
    }
  };

  return (
    <>
      <Title>{say.users.title}</Title>
      <form class="bar" role="search" onSubmit={(event) => event.preventDefault()}>
        <Search value={prefix} onSearch={(typed) => show({ prefix: typed, filter })} />
        <Field label={say.users.filter} narrow>
          {(attributes) => (
            <select {...attributes} class="input" value={filter} onChange={(event) => show({ prefix, filter: event.currentTarget.value })}>
              <option value="">{say.users.all}</option>
              <optgroup label={say.users.byStatus}>
                {RESTORE_STATUSES.map((one) => <option key={one} value={`restore=${one}`}>{say.status[one]}</option>)}
              </optgroup>
              <optgroup label={say.users.byLack}>
                {LACKS.map((one) => <option key={one} value={`lacks=${one}`}>{say.lacks[one]}</option>)}
              </optgroup>
              <optgroup label={say.users.byDevices}>
                {DEVICES_OVER.filter((one) => one === "1" || one === over).map((one) => (
                  <option key={one} value={`devices_over=${one}`}>{say.users.over(Number(one))}</option>
                ))}
              </optgroup>
            </select>
          )}
        </Field>
      </form>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!found.data && !found.problem && <Waiting />}
      {found.data && (
        <section class="card flush" aria-label={say.users.title} aria-busy={found.reading}>
          {found.data.identities.length === 0
            ? <Empty {...(prefix || filter ? say.users.empty : say.users.nobody)} />
            : <List page={found.data} />}
          {found.data.identities.length > 0 && (
            <div class="foot">
              <span class="quiet small" role="status">
                {say.users.found(found.data.identities.length, found.data.cursor !== null)}
              </span>
              {found.data.cursor !== null && (
                <button type="button" class="button" disabled={more === "reading"} onClick={() => void readOn()}>{say.common.more}</button>
              )}
            </div>
          )}
        </section>
      )}
    </>
  );
}

/** What is typed is shown at once, and asked for after a short pause. */
function Search({ value, onSearch }: { value: string; onSearch: (typed: string) => void }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    const wanted = typed.trim().toLowerCase();
    if (wanted === value) return undefined;
    const later = setTimeout(() => onSearch(wanted), PAUSE);
    return () => clearTimeout(later);
  }, [typed]);
  return (
    <Field label={texts().users.search}>
      {(attributes) => (
        <input
          {...attributes}
          class="input"
          type="search"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={64}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function List({ page }: { page: Identities }) {
  const say = texts();
  return (
    <table class="table folds">
      <thead>
        <tr>
          <th scope="col">{say.users.identity}</th>
          <th scope="col">{say.users.restore}</th>
          <th scope="col" class="number">{say.users.devices}</th>
          <th scope="col">{say.users.missing}</th>
        </tr>
      </thead>
      <tbody>
        {page.identities.map((one) => (
          <tr key={one.identity}>
            <td><a class="strong" href={to(["user", one.identity])}>{one.identity}</a></td>
            <td><Status of={one.restore} /></td>
            <td class="number" data-label={say.users.devices}>{number(one.devices)}</td>
            <td>
              <ul class="chips">{one.lacks.map((lack) => <li key={lack} class="chip">{say.lacks[lack]}</li>)}</ul>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
