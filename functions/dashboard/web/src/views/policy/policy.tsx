import { Title } from "../../design/parts";

export function Policy() {
  return <Title>Policy</Title>;
}
