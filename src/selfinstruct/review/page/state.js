// The state of the page, which every module reads and changes.

export const KINDS = { generate: "instruction", prepare: "example" };
export const NAMES = { instruction: "Instruction", input: "Input", output: "Output" };

export const state = {
  stage: "generate",
  lines: [], // the lines of the list so far
  after: "", // the id after which the next page starts
  ended: false,
  at: -1, // the index of the chosen line, or -1 for an item outside the list
  item: null, // the item as last received from the server
  done: [], // ids of the items that this tab changed, for undo
  editing: false,
  rejecting: false,
  listRequests: 0, // counts requests for lists, so that late answers to older ones are ignored
  itemRequests: 0, // the same for items
  loading: false,
};
