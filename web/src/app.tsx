// The frame around every page, and the door for those without a key.
import { lazy, Suspense, useEffect, useState } from "react";
import { Link, Redirect, Route, Router, Switch, useLocation } from "wouter";
import { BASE } from "./api/client";
import { refresh, useRead } from "./api/query";
import { Lost } from "./frame/connection";
import { usePageFocus } from "./frame/focus";
import { Navigation } from "./frame/navigation";
import { useKeys } from "./keys/keys";
import { KeySheet } from "./keys/sheet";
import { followEnvironment } from "./live/environment";
import { Door } from "./pages/door";
import { PLACES } from "./places";
import { Confirms } from "./ui/confirm";
import { Empty, Skeleton, Wrong } from "./ui/said";
import { nextTheme } from "./ui/theme";
import { Toasts } from "./ui/toast";

const Palette = lazy(() => import("./palette"));

export function App() {
  const session = useRead("/api/v1/session");
  if (session.problem?.status === 401) return <Door onOpened={() => refresh("/api/v1/")} />;
  return (
    <Router base={BASE}>
      {session.data ? (
        <Inside environment={session.data.environment} project={session.data.project} isDev={session.data.is_dev} />
      ) : session.problem ? (
        <Wrong problem={session.problem} retry={session.reload} />
      ) : (
        <Skeleton />
      )}
      <Confirms />
      <Toasts />
    </Router>
  );
}

function Inside({ environment, project, isDev }: { environment: string; project: string; isDev: boolean }) {
  const [, go] = useLocation();
  const [above, show] = useState<"keys" | "palette" | null>(null);
  const focusPage = usePageFocus();
  useEffect(followEnvironment, []);
  useKeys([
    { press: "mod+k", does: "Go to or do anything", act: () => show("palette") },
    ...PLACES.flatMap(({ key, path, name }) =>
      key ? [{ press: `g ${key}`, does: `Go to ${name?.toLowerCase()}`, act: () => go(path) }] : [],
    ),
    { press: "n", does: "Send an event", act: () => go("/events?send=") },
    { press: ".", does: "Theme: system, light, dark", act: nextTheme },
    { press: "?", does: "Show the keys", act: () => show("keys") },
  ]);
  return (
    <div className="app">
      <button type="button" className="skip" onClick={focusPage}>
        Skip to the page
      </button>
      <Navigation environment={environment} project={project} isDev={isDev} onKeys={() => show("keys")} onPalette={() => show("palette")} />
      <main id="page" tabIndex={-1}>
        <Lost />
        <Suspense fallback={<Skeleton />}>
          <Pages />
        </Suspense>
      </main>
      {above === "keys" && <KeySheet onClose={() => show(null)} />}
      {above === "palette" && (
        <Suspense fallback={null}>
          <Palette onClose={() => show(null)} onKeys={() => show("keys")} />
        </Suspense>
      )}
    </div>
  );
}

function Pages() {
  return (
    <Switch>
      {PLACES.map(({ path, page }) => (
        <Route key={path} path={path} component={page} />
      ))}
      <Route path="/">
        <Redirect to="/overview" replace />
      </Route>
      <Route>
        <Empty title="There is no such page.">
          <Link href="/runs">To the runs</Link>
        </Empty>
      </Route>
    </Switch>
  );
}
