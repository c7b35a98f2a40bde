// Readiness: who could be restored today, why the others could not, and how that has changed. Each slice leads to its users.
import { ask } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Readiness as Figures } from "../../api/types";
import { Empty, Title, Trouble, Waiting } from "../../design/parts";
import { to } from "../../router";
import { day, number, percent, texts, time } from "../../texts";

interface Slice {
  name: string;
  count: number;
  href: string;
  tone: string;
}

export function Readiness() {
  const say = texts().readiness;
  const found = useResource("readiness", async () => (await ask("GET /readiness")).data);
  const figures = found.data;
  return (
    <>
      <Title>{say.title}</Title>
      <p class="quiet">{say.intro}{figures && <> {say.asOf(time(figures.at))}</>}</p>
      {found.problem && <Trouble problem={found.problem} again={() => void found.again()} />}
      {!figures && !found.problem && <Waiting />}
      {figures?.identities === 0 && <div class="card"><Empty {...say.empty} /></div>}
      {figures && figures.identities > 0 && <Charts figures={figures} />}
    </>
  );
}

function slicesOf(figures: Figures): Slice[] {
  const { reasons } = texts().readiness;
  const { off, barred, address_not_confirmed: unconfirmed, mail_bounced: bounced } = figures.not_restorable;
  return [
    { name: reasons.enabled, count: figures.restorable + figures.forbidden_by_policy, href: to(["users"], { restore: "enabled" }), tone: "good" },
    { name: reasons.off, count: off, href: to(["users"], { restore: "off" }), tone: "warn" },
    { name: reasons.address_not_confirmed, count: unconfirmed, href: to(["users"], { restore: "awaiting_email" }), tone: "warn-2" },
    { name: reasons.mail_bounced, count: bounced, href: to(["users"], { lacks: "working_address" }), tone: "bad-2" },
    { name: reasons.barred, count: barred, href: to(["users"], { restore: "disabled_by_admin" }), tone: "bad" },
  ];
}

function Charts({ figures }: { figures: Figures }) {
  const say = texts().readiness;
  const all = figures.identities;
  const slices = slicesOf(figures);
  const risks: Slice[] = [
    { name: say.risks.code_never_proven, count: figures.at_risk.code_never_proven, href: to(["users"], { lacks: "proven_code" }), tone: "warn" },
    { name: say.risks.only_one_device, count: figures.at_risk.only_one_device, href: to(["users"], { lacks: "second_device" }), tone: "warn" },
    { name: say.unverified, count: figures.without_verification_key, href: to(["users"], { lacks: "verification_key" }), tone: "warn" },
  ];
  return (
    <>
      {figures.forbidden_by_policy > 0 && <p class="notice warn">{say.forbidden(figures.forbidden_by_policy)}</p>}
      <div class="halves">
        <section class="card" aria-labelledby="today">
          <h2 id="today">{say.restorable}</h2>
          <p class="big">{percent(figures.restorable, all)}</p>
          <p class="quiet">{say.of(number(figures.restorable), all)}</p>
          <Bar slices={slices} all={all} />
          <List slices={slices} all={all} />
        </section>
        <section class="card" aria-labelledby="risk">
          <h2 id="risk">{say.risk}</h2>
          <List slices={risks} all={all} bars />
        </section>
      </div>
      <History figures={figures} />
    </>
  );
}

/** One bar of all users. What it shows stands below it in words, so it is hidden from screen readers. */
function Bar({ slices, all }: { slices: Slice[]; all: number }) {
  let from = 0;
  return (
    <svg class="chart-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {slices.filter(({ count }) => count > 0).map(({ name, count, tone }) => {
        const width = (count / all) * 1000;
        const x = from;
        from += width;
        return <rect key={name} class={`fill-${tone}`} x={x} y="0" width={Math.max(width - 3, 1)} height="10" />;
      })}
    </svg>
  );
}

function List({ slices, all, bars = false }: { slices: Slice[]; all: number; bars?: boolean }) {
  return (
    <ul class="slices">
      {slices.map(({ name, count, href, tone }) => (
        <li key={name}>
          <a href={href}>
            <span class={`swatch fill-${tone}`} aria-hidden="true" />
            <span class="slice-name">{name}</span>
            <strong>{number(count)}</strong>
            <span class="quiet slice-part">{percent(count, all)}</span>
          </a>
          {bars && <Bar slices={[{ name, count, href, tone }]} all={all} />}
        </li>
      ))}
    </ul>
  );
}

const WIDTH = 720;
const HEIGHT = 180;

function History({ figures }: { figures: Figures }) {
  const say = texts().readiness;
  const today = { day: figures.at.slice(0, 10), identities: figures.identities, restorable: figures.restorable };
  const days = [...figures.history.filter(({ day: one }) => one !== today.day), today];
  const most = Math.max(...days.map(({ identities }) => identities), 1);
  const x = (at: number) => (days.length === 1 ? WIDTH : (at / (days.length - 1)) * WIDTH);
  const y = (count: number) => HEIGHT - (count / most) * HEIGHT;
  const area = (of: (one: typeof today) => number) =>
    `M0,${HEIGHT} ${days.map((one, index) => `L${x(index).toFixed(1)},${y(of(one)).toFixed(1)}`).join(" ")} L${WIDTH},${HEIGHT} Z`;
  const first = days[0] ?? today;
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">{say.overTime}</h2>
      {days.length < 2
        ? <p class="quiet">{say.noHistory}</p>
        : (
          <figure class="history">
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
              <path class="fill-warn" d={area(({ identities }) => identities)} />
              <path class="fill-good" d={area(({ restorable }) => restorable)} />
            </svg>
            <div class="axis quiet small"><span>{day(first.day)}</span><span>{day(today.day)}</span></div>
            <figcaption class="legend small">
              <span><span class="swatch fill-good" aria-hidden="true" /> {say.restorable}</span>
              <span><span class="swatch fill-warn" aria-hidden="true" /> {say.others}</span>
            </figcaption>
            <details>
              <summary>{say.table}</summary>
              <table class="table">
                <thead>
                  <tr><th scope="col">{say.day}</th><th scope="col" class="number">{say.users}</th><th scope="col" class="number">{say.restorable}</th></tr>
                </thead>
                <tbody>
                  {[...days].reverse().map((one) => (
                    <tr key={one.day}>
                      <td>{day(one.day)}</td>
                      <td class="number">{number(one.identities)}</td>
                      <td class="number">{number(one.restorable)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </details>
          </figure>
        )}
    </section>
  );
}
