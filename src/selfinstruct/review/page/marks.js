// Describes the fate and the review of an item in words.

export const cause = (item) => [...new Set([item.filter, item.reason])].filter(Boolean).join(": ");

export function mark(line) {
  const edited = line.edited === true || (Array.isArray(line.edited) && line.edited.length > 0);
  if (line.out_with && line.verdict !== "rejected") return { kind: "rejected", words: "✕ with its instruction" };
  if (line.verdict === "accepted") return { kind: "accepted", words: edited ? "✓ accepted, edited" : "✓ accepted" };
  if (line.verdict === "rejected") return { kind: "rejected", words: "✕ rejected" };
  return edited ? { kind: "edited", words: "✎ edited" } : { kind: "", words: "" };
}

export function isOut(item) {
  if (item.verdict === "rejected" || item.out_with) return true;
  return item.fate !== "accepted" && item.verdict !== "accepted";
}
