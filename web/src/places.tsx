// The pages there are: where they are, what they are called, which key leads there.
import { type ComponentType, lazy, type ReactNode } from "react";
import { RunsPage } from "./pages/runs";
import { ApprovalsIcon, ErrorsIcon, EventsIcon, JobsIcon, LogsIcon, OverviewIcon, QueuesIcon, RunsIcon, SchedulesIcon, WorkersIcon } from "./ui/icons";

export interface Place {
  path: string;
  page: ComponentType;
  /** In the navigation, when it has a name. */
  name?: string;
  icon?: ReactNode;
  /** Pressed after `g`. */
  key?: string;
}

const size = 16;

export const PLACES: Place[] = [
  {
    path: "/overview",
    page: lazy(() => import("./pages/overview")),
    name: "Overview",
    icon: <OverviewIcon size={size} />,
    key: "o",
  },
  { path: "/runs", page: RunsPage, name: "Runs", icon: <RunsIcon size={size} />, key: "r" },
  { path: "/runs/:id", page: lazy(() => import("./pages/run").then(({ RunPage }) => ({ default: RunPage }))) },
  {
    path: "/jobs",
    page: lazy(() => import("./pages/jobs")),
    name: "Jobs",
    icon: <JobsIcon size={size} />,
    key: "j",
  },
  { path: "/jobs/:id", page: lazy(() => import("./pages/job")) },
  {
    path: "/events",
    page: lazy(() => import("./pages/events")),
    name: "Events",
    icon: <EventsIcon size={size} />,
    key: "e",
  },
  { path: "/events/:id", page: lazy(() => import("./pages/events/event")) },
  {
    path: "/errors",
    page: lazy(() => import("./pages/errors")),
    name: "Errors",
    icon: <ErrorsIcon size={size} />,
    key: "x",
  },
  { path: "/errors/:id", page: lazy(() => import("./pages/errors/group")) },
  { path: "/logs", page: lazy(() => import("./pages/logs")), name: "Logs", icon: <LogsIcon size={size} />, key: "l" },
  {
    path: "/approvals",
    page: lazy(() => import("./pages/approvals")),
    name: "Approvals",
    icon: <ApprovalsIcon size={size} />,
    key: "a",
  },
  { path: "/approvals/:id", page: lazy(() => import("./pages/approvals/approval")) },
  { path: "/tokens", page: lazy(() => import("./pages/tokens")) },
  { path: "/bulk", page: lazy(() => import("./pages/bulk")) },
  {
    path: "/schedules",
    page: lazy(() => import("./pages/schedules")),
    name: "Schedules",
    icon: <SchedulesIcon size={size} />,
    key: "s",
  },
  {
    path: "/queues",
    page: lazy(() => import("./pages/queues")),
    name: "Queues",
    icon: <QueuesIcon size={size} />,
    key: "q",
  },
  { path: "/queues/:name", page: lazy(() => import("./pages/queues/queue")) },
  {
    path: "/workers",
    page: lazy(() => import("./pages/workers")),
    name: "Workers",
    icon: <WorkersIcon size={size} />,
    key: "w",
  },
];
