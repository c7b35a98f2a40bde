import { render } from "preact";
import { App } from "./app";
import "./design/base.css";
import { show } from "./design/theme";
import { start } from "./session/session";

show();
render(<App />, document.getElementById("app") as HTMLElement);
void start();
