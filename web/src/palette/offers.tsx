// All that the palette offers: pages, what can be done, jobs, the latest runs, and what a pasted id names.
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { useRead } from "../api/query";
import { PLACES } from "../places";
import { setTimeStyle } from "../ui/clock";
import { relative } from "../ui/format";
import { DarkIcon, JobsIcon, KeysIcon, LightIcon, LinkIcon, RunsIcon, SearchIcon, SendIcon, StartIcon, SystemIcon, TimesIcon } from "../ui/icons";
import { Mark, wordOf } from "../ui/status";
import { setTheme } from "../ui/theme";
import { attempt } from "../ui/toast";
import { fit } from "./fuzzy";
import { idsIn } from "./ids";
import { recent } from "./recent";

export interface Offer {
  /** Remembered when it is chosen. */
  id: string;
  group: string;
  title: string;
  /** Beside the title, and searched too. */
  note?: string;
  icon: ReactNode;
  act: () => void;
  /** The key that does the same. */
  press?: string;
}

const SIZE = 15;
const MOST = 40;
const RUNS = 15;

/** Those that fit `typed`, the best first; with nothing typed what was chosen lately, then all but the jobs' own. */
export function useOffers(typed: string, onKeys: () => void): Offer[] {
  const [, go] = useLocation();
  const all = [...pages(go), ...actions(go, onKeys), ...useJobs(go), ...useRuns(go)];
  const text = typed.trim();
  if (!text) {
    const before = recent().flatMap((id) => all.filter((offer) => offer.id === id));
    const rest = all.filter((offer) => !before.includes(offer));
    return [...before.map((offer) => ({ ...offer, group: "Lately" })), ...rest].slice(0, MOST);
  }
  const fitting = all
    .map((offer) => ({ offer, worth: fit(text, offer.title) || fit(text, `${offer.title} ${offer.note ?? ""}`) / 2 }))
    .filter(({ worth }) => worth > 0)
    .sort((a, b) => b.worth - a.worth)
    .slice(0, MOST);
  return [...named(text, go), ...inGroups(fitting.map(({ offer }) => offer)), ...searches(text, go)];
}

/** The groups in the order of their best one. */
function inGroups(offers: Offer[]): Offer[] {
  const groups = [...new Set(offers.map((offer) => offer.group))];
  return groups.flatMap((group) => offers.filter((offer) => offer.group === group));
}

type Go = (path: string) => void;

function pages(go: Go): Offer[] {
  return PLACES.flatMap(({ path, name, icon, key }) =>
    name ? [{ id: path, group: "Pages", title: name, icon, act: () => go(path), ...(key && { press: `g ${key}` }) }] : [],
  );
}

function actions(go: Go, onKeys: () => void): Offer[] {
  const group = "Do";
  const copy = () => void attempt(navigator.clipboard.writeText(location.href), "The link is copied");
  return [
    { id: "send", group, title: "Send an event", icon: <SendIcon size={SIZE} />, act: () => go("/events?send="), press: "n" },
    { id: "link", group, title: "Copy a link to this page", icon: <LinkIcon size={SIZE} />, act: copy },
    { id: "keys", group, title: "Show the keys", icon: <KeysIcon size={SIZE} />, act: onKeys, press: "?" },
    { id: "light", group, title: "Theme: light", icon: <LightIcon size={SIZE} />, act: () => setTheme("light") },
    { id: "dark", group, title: "Theme: dark", icon: <DarkIcon size={SIZE} />, act: () => setTheme("dark") },
    { id: "system", group, title: "Theme: as the system's", icon: <SystemIcon size={SIZE} />, act: () => setTheme("system") },
    { id: "relative", group, title: "Times: relative, 3m ago", icon: <TimesIcon size={SIZE} />, act: () => setTimeStyle("relative") },
    { id: "local", group, title: "Times: local", icon: <TimesIcon size={SIZE} />, act: () => setTimeStyle("local") },
    { id: "utc", group, title: "Times: UTC", icon: <TimesIcon size={SIZE} />, act: () => setTimeStyle("utc") },
  ];
}

function useJobs(go: Go): Offer[] {
  const jobs = useRead("/api/v1/jobs", { limit: 200 }).data?.data ?? [];
  const sent = new Set(jobs.flatMap((job) => job.triggers.flatMap((trigger) => trigger.events)));
  return [
    ...jobs.flatMap((job): Offer[] => {
      const at = `/jobs/${encodeURIComponent(job.id)}`;
      const note = job.name === job.id ? job.trigger : job.id;
      return [
        { id: at, group: "Jobs", title: job.name, note, icon: <JobsIcon size={SIZE} />, act: () => go(at) },
        { id: `${at}?test`, group: "Test", title: `Test ${job.name}`, note: job.id, icon: <StartIcon size={SIZE} />, act: () => go(`${at}?tab=test`) },
      ];
    }),
    ...[...sent].map((name) => ({
      id: `send ${name}`,
      group: "Send",
      title: `Send ${name}`,
      icon: <SendIcon size={SIZE} />,
      act: () => go(`/events?send=${encodeURIComponent(name)}`),
    })),
  ];
}

function useRuns(go: Go): Offer[] {
  const runs = useRead("/api/v1/runs", { limit: RUNS }).data?.data ?? [];
  return runs.map((run) => ({
    id: run.id,
    group: "Latest runs",
    title: `${run.job_id} ${wordOf(run.status)}`,
    note: `${relative(Date.parse(run.created_at), Date.now())} · …${run.id.slice(-6)}`,
    icon: <Mark status={run.status} />,
    act: () => go(`/runs/${run.id}`),
  }));
}

function named(text: string, go: Go): Offer[] {
  const paths = PLACES.map((place) => place.path);
  return idsIn(text, paths).map(({ id, what, path }) => ({
    id,
    group: "By its id",
    title: `Open the ${what}`,
    note: id,
    icon: <RunsIcon size={SIZE} />,
    act: () => go(path),
  }));
}

/** What is typed may be a filter. */
function searches(text: string, go: Go): Offer[] {
  const icon = <SearchIcon size={SIZE} />;
  const said = encodeURIComponent(text);
  return text.includes(":") ? [{ id: "filter", group: "Search", title: "Runs that fit", note: text, icon, act: () => go(`/runs?q=${said}`) }] : [];
}
