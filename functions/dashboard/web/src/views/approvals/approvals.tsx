import { Title } from "../../design/parts";

export function Approvals() {
  return <Title>Approvals</Title>;
}
