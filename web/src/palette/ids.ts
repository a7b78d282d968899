// A pasted id leads to what it names, wherever in the pasted text it stands.
const NAMED: Record<string, { what: string; at: (id: string) => string; page: string }> = {
  run: { what: "run", at: (id) => `/runs/${id}`, page: "/runs" },
  evt: { what: "event", at: (id) => `/events/${id}`, page: "/events" },
  apr: { what: "approval", at: (id) => `/approvals/${id}`, page: "/approvals" },
  err: { what: "error", at: (id) => `/errors/${id}`, page: "/errors" },
};
const ID = /\b(run|evt|apr|err)_[0-9A-Za-z]{8,40}\b/g;

export interface Found {
  id: string;
  what: string;
  path: string;
}

/** `pages`: the paths that there are. */
export function idsIn(text: string, pages: string[]): Found[] {
  return [...new Set(text.match(ID) ?? [])].flatMap((id) => {
    const named = NAMED[id.slice(0, 3)];
    return named && pages.includes(named.page) ? [{ id, what: named.what, path: named.at(id) }] : [];
  });
}
