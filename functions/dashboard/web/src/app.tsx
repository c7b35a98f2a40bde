// The frame around all views: who is signed in, where one can go, and the view of the place where one is.
import type { ComponentChildren, FunctionComponent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useWhileSeen } from "./api/seen";
import { useCell } from "./cell";
import { Said, Title } from "./design/parts";
import { type Theme, THEMES, chooseTheme, theme } from "./design/theme";
import { place, to } from "./router";
import { type Role, may } from "./session/roles";
import { type Person, serverName, session, signIn, signInAgain, signOut } from "./session/session";
import { LANGUAGES, type Language, choose, language, number, texts } from "./texts";
import { Approvals } from "./views/approvals/approvals";
import { readApprovals, unlisted, waiting, waitingFor } from "./views/approvals/waiting";
import { Late } from "./views/letter/late";
import { Letter } from "./views/letter/letter";
import { Log } from "./views/log/log";
import { Policy } from "./views/policy/policy";
import { Readiness } from "./views/readiness/readiness";
import { User } from "./views/user/user";
import { Users } from "./views/users/users";

type View = FunctionComponent<{ person: Person; parts: string[] }>;

/** One view a room: its name in the address, what shows it, and who may see it. */
const VIEWS: Record<string, { view: View; role: Role; listed: boolean }> = {
  users: { view: Users, role: "auditor", listed: true },
  user: { view: User, role: "auditor", listed: false },
  letter: { view: Letter, role: "admin", listed: false },
  approvals: { view: Approvals, role: "admin", listed: true },
  policy: { view: Policy, role: "auditor", listed: true },
  log: { view: Log, role: "auditor", listed: true },
  readiness: { view: Readiness, role: "auditor", listed: true },
};

export function App() {
  const now = useCell(session);
  useCell(language);
  useEffect(() => {
    document.documentElement.lang = language.value;
  }, [language.value]);
  const say = texts().session;
  switch (now.state) {
    case "starting":
      return <Alone title={say.starting} />;
    case "out":
      if (now.leaving) return <Alone title={say.leaving} />;
      return (
        <Alone title={say.out.title} text={say.out.text} act={say.signIn} onAct={() => void signIn("")}>
          {now.unrevoked && <p class="notice warn">{say.out.unrevoked}</p>}
        </Alone>
      );
    case "failed":
      return (
        <Alone title={say.failed.title} text={say.failed[now.why]} act={say.again} onAct={() => void signIn()}>
          {now.detail && <p class="quiet small">{now.detail}</p>}
        </Alone>
      );
    case "in":
      if (now.person.role === null) {
        return <Alone title={say.noRole.title} text={say.noRole.text} act={say.again} onAct={signInAgain} />;
      }
      return <Frame person={now.person} />;
  }
}

interface AloneProps {
  title: string;
  text?: string;
  act?: string;
  onAct?: () => void;
  children?: ComponentChildren;
}

function Alone({ title, text, act, onAct, children }: AloneProps) {
  return (
    <main class="alone">
      <div>
        <Title>{title}</Title>
        {text && <p>{text}</p>}
        {children}
        {act && <button type="button" class="button main" onClick={onAct}>{act}</button>}
      </div>
    </main>
  );
}

function Frame({ person }: { person: Person }) {
  const { path } = useCell(place);
  const [name = "users", ...parts] = path;
  const say = texts();
  const found = VIEWS[name];
  const seen = found && may(person.role, found.role) ? found : undefined;
  const current = name === "user" ? "users" : name;
  const approvals = useWaiting(person, current === "approvals");
  const further = useCell(unlisted);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{say.skip}</a>
      <header class="top">
        <div class="top-inner">
          <a class="brand" href={to(["users"])}>
            <Mark />
            <span>{serverName.value}</span>
          </a>
          <Me person={person} />
          <nav class="nav" aria-label={say.nav.label}>
            <ul>
              {Object.entries(VIEWS).filter(([, { listed, role }]) => listed && may(person.role, role)).map(([one]) => (
                <li key={one}>
                  <a href={to([one])} aria-current={one === current ? "page" : undefined}>
                    {say.nav[one as keyof typeof say.nav]}
                    {one === "approvals" && <Count of={approvals} further={further > 0} />}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Late />
        {seen
          ? <seen.view key={`${name}/${parts.join("/")}`} person={person} parts={parts} />
          : (
            <>
              <Title>{say.common.notFound.title}</Title>
              <p>{found ? say.common.forRole(say.roles[found.role]) : say.common.notFound.text}</p>
            </>
          )}
      </main>
      <Said />
    </>
  );
}

/** How many approvals wait for this person. Their own view reads them more often than this does, and by itself. */
function useWaiting(person: Person, seen: boolean): number {
  const decides = may(person.role, VIEWS["approvals"]?.role ?? "admin");
  const read = () => readApprovals().catch(() => undefined); // the next time will do: nobody has asked for it
  useEffect(() => {
    if (decides && !seen) void read();
  }, []);
  useWhileSeen(read, 60, decides && !seen);
  return waitingFor(person.sub, useCell(waiting));
}

/** More than that is said to be more: two figures fit beside the views' names on the narrowest screen. */
const COUNTED = 99;

/** `further`: not all were listed, so that there may be more. */
function Count({ of, further }: { of: number; further: boolean }) {
  if (of === 0) return null;
  return <>{" "}<span class="count">{number(Math.min(of, COUNTED))}{(further || of > COUNTED) && "+"}<span class="hidden"> {texts().approvals.forYou}</span></span></>;
}

function skip(event: Event): void {
  event.preventDefault(); // what stands after # is the router's
  document.getElementById("main")?.focus();
}

function Me({ person }: { person: Person }) {
  const say = texts();
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const elsewhere = ({ target }: Event) => {
      if (menu.current && !menu.current.contains(target as Node)) menu.current.open = false;
    };
    const escape = ({ key }: KeyboardEvent) => {
      if (key !== "Escape" || !menu.current?.open) return;
      menu.current.open = false;
      menu.current.querySelector("summary")?.focus();
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
      document.removeEventListener("keydown", escape);
    };
  }, []);
  return (
    <div class="me">
      <details class="menu" ref={menu}>
        <summary>
          <span class="hidden">{say.session.signedInAs}</span>
          <span class="ellipsis">{person.name}</span>
          {person.role && <span class="badge plain">{say.roles[person.role]}</span>}
        </summary>
        <div class="menu-body">
          <Choice label={say.languageLabel} options={LANGUAGES} value={language.value} onChoose={(one) => choose(one as Language)} />
          <Choice
            label={say.theme.label}
            options={Object.fromEntries(THEMES.map((one) => [one, say.theme[one]]))}
            value={useCell(theme)}
            onChoose={(one) => chooseTheme(one as Theme)}
          />
          <button type="button" class="button" onClick={() => void signOut()}>{say.session.signOut}</button>
        </div>
      </details>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  options: Record<string, string>;
  value: string;
  onChoose: (chosen: string) => void;
}

function Choice({ label, options, value, onChoose }: ChoiceProps) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <select class="input" value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {Object.entries(options).map(([one, name]) => <option key={one} value={one} selected={one === value}>{name}</option>)}
      </select>
    </label>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 5a11 11 0 1 0 11 11" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round" />
      <path d="M27 5v7h-7" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round" />
      <circle cx="16" cy="16" r="3.5" fill="currentColor" />
    </svg>
  );
}
