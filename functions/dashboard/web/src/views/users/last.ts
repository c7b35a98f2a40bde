// The list of users that was seen last, with its search: the way back from a user leads there. In memory only.
import { Cell } from "../../cell";
import { to } from "../../router";

export const lastList = new Cell(to(["users"]));
