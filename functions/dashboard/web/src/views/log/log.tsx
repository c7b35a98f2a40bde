import { Title } from "../../design/parts";

export function Log() {
  return <Title>Log</Title>;
}
