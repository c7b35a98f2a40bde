import { Title } from "../../design/parts";

export function Readiness() {
  return <Title>Readiness</Title>;
}
