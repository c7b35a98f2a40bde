// Light or dark: as the system says, unless somebody chose.
import { Cell } from "../cell";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "theme";
const kept = localStorage.getItem(KEY);

export const theme = new Cell<Theme>(THEMES.find((one) => one === kept) ?? "system");

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  theme.set(chosen);
  show();
}

export function show(): void {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
}
