import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/table.css";
import "./style/run.css";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { listenForKeys } from "./keys/keys";
import { showTheme } from "./ui/theme";

showTheme();
listenForKeys();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
