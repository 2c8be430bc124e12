// A stand-in for every panel type that is not drawn here: its name, and the latest value of each series.

import {
  type DataFrame, type Field, FieldType, formattedValueToString, getFieldDisplayName, type PanelProps, usePluginContext,
} from '@grafana/data';
import { StandIn } from './stand-in';

export function Other({ data, width, height }: PanelProps) {
  const type = usePluginContext()?.meta.id;
  const line = (frame: DataFrame, field: Field) =>
    `${getFieldDisplayName(field, frame, data.series)}: ${formattedValueToString(field.display!(field.values.at(-1)))}`;
  const lines = data.series
    .filter(({ length }) => length > 0)
    .flatMap((frame) => frame.fields.filter(({ type }) => type === FieldType.number).map((field) => line(frame, field)));
  return (
    <StandIn {...{ width, height }}>
      <p>{type}</p>
      {lines.map((text, row) => <div key={row}>{text}</div>)}
    </StandIn>
  );
}
