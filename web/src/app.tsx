// The frame around every page: navigation, connection, theme, and the door for those without a key.
import { Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { BASE } from "./api/client";
import { refresh, useRead } from "./api/query";
import { Door } from "./pages/door";
import { useKeys } from "./keys/keys";
import { KeySheet } from "./keys/sheet";
import { followEnvironment } from "./live/environment";
import { connectionNow, lastHeard, watchConnection } from "./live/stream";
import { PLACES } from "./places";
import { nextTimeStyle, useTimeStyle } from "./ui/clock";
import { local } from "./ui/format";
import { Confirms } from "./ui/confirm";
import { DarkIcon, LightIcon, SystemIcon } from "./ui/icons";
import { Empty, Skeleton } from "./ui/said";
import { nextTheme, useTheme } from "./ui/theme";
import { Toasts } from "./ui/toast";

export function App() {
  const session = useRead("/api/v1/session");
  if (session.problem?.status === 401) return <Door onOpened={() => refresh("/api/v1/")} />;
  return (
    <Router base={BASE}>
      {session.data ? <Inside environment={session.data.environment} project={session.data.project} isDev={session.data.is_dev} /> : <Skeleton />}
      <Confirms />
      <Toasts />
    </Router>
  );
}

function Inside({ environment, project, isDev }: { environment: string; project: string; isDev: boolean }) {
  const [, go] = useLocation();
  const [isSheetOpen, showSheet] = useState(false);
  useEffect(followEnvironment, []);
  useKeys([
    ...PLACES.flatMap(({ key, path, name }) =>
      key ? [{ press: `g ${key}`, does: `Go to ${name?.toLowerCase()}`, act: () => go(path) }] : [],
    ),
    { press: ".", does: "Theme: system, light, dark", act: nextTheme },
    { press: "?", does: "Show the keys", act: () => showSheet(true) },
  ]);
  return (
    <div className="app">
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <Navigation environment={environment} project={project} isDev={isDev} onKeys={() => showSheet(true)} />
      <main id="page" tabIndex={-1}>
        <Lost />
        <Suspense fallback={<Skeleton />}>
          <Switch>
            {PLACES.map(({ path, page }) => (
              <Route key={path} path={path} component={page} />
            ))}
            <Route path="/">
              <Redirect to="/runs" replace />
            </Route>
            <Route>
              <Empty title="There is no such page.">
                <Link href="/runs">To the runs</Link>
              </Empty>
            </Route>
          </Switch>
        </Suspense>
      </main>
      {isSheetOpen && <KeySheet onClose={() => showSheet(false)} />}
    </div>
  );
}

function Navigation(props: { environment: string; project: string; isDev: boolean; onKeys: () => void }) {
  const [at] = useLocation();
  return (
    <nav className="nav" aria-label="Pages">
      <div className="brand">
        <img src="favicon.svg" alt="" width="22" height="22" />
        <div>
          <strong>{props.project}</strong>
          <span>{props.environment}</span>
        </div>
      </div>
      <ul>
        {PLACES.filter((place) => place.name).map((place) => (
          <li key={place.path}>
            <Link
              href={place.path}
              className={at.startsWith(place.path) ? "here" : ""}
              aria-current={at === place.path ? "page" : undefined}
              title={`g ${place.key}`}
            >
              {place.icon}
              <span>{place.name}</span>
            </Link>
          </li>
        ))}
      </ul>
      <div className="foot">
        {props.isDev && <p className="dev">Open without a login: this is a development server, on this machine alone.</p>}
        <Foot onKeys={props.onKeys} />
      </div>
    </nav>
  );
}

const CONNECTION_WORDS = { connecting: "connecting", live: "live", lost: "reconnecting", paused: "paused" };

function Foot({ onKeys }: { onKeys: () => void }) {
  const theme = useTheme();
  const times = useTimeStyle();
  const connection = useSyncExternalStore(watchConnection, connectionNow);
  const Icon = theme === "system" ? SystemIcon : theme === "light" ? LightIcon : DarkIcon;
  return (
    <div className="switches">
      <span className={`dot ${connection}`} role="status">
        {CONNECTION_WORDS[connection]}
      </span>
      <button type="button" onClick={nextTimeStyle} title={`Times are ${times}: relative, local, UTC`}>
        {times === "relative" ? "3m ago" : times === "local" ? "09:41" : "UTC"}
      </button>
      <button type="button" onClick={nextTheme} title={`Theme: ${theme} · key .`} aria-label={`Theme: ${theme}`}>
        <Icon size={15} />
      </button>
      <button type="button" onClick={onKeys} title="Keys · key ?" aria-label="Keys">
        ?
      </button>
    </div>
  );
}

function Lost() {
  const connection = useSyncExternalStore(watchConnection, connectionNow);
  if (connection !== "lost") return null;
  return (
    <p className="banner" role="status">
      The server does not answer. Reconnecting; what you see is from {local(lastHeard())}.
    </p>
  );
}
