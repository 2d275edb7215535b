// Which pictures are selected: one by one, a span with Shift, or all that are shown.
import { useRef, useState } from "../shell/ui.js";

export function useSelection(items) {
  const [ids, setIds] = useState(() => new Set());
  const last = useRef(null);
  const toggle = (index, isSpan) => {
    const next = new Set(ids);
    const from = isSpan && last.current !== null ? last.current : index;
    const on = !ids.has(items[index].id);
    for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
      if (on) next.add(items[at].id);
      else next.delete(items[at].id);
    }
    last.current = index;
    setIds(next);
  };
  const clear = () => {
    last.current = null;
    setIds((now) => (now.size ? new Set() : now));
  };
  const selectAll = () => setIds(new Set(items.map(({ id }) => id)));
  return { ids, toggle, clear, selectAll };
}
