// A stand-in for the state timeline: a band for each series, coloured by its value.

import {
  dateTimeFormat, type Field, FieldType, formattedValueToString, getFieldDisplayName, type PanelProps,
} from '@grafana/data';
import { VizLegend, useTheme2 } from '@grafana/ui';
import { isWithoutData, Nothing } from './nothing';
import { StandIn } from './stand-in';

const AXIS_HEIGHT = 22;
const LEGEND_HEIGHT = 24;
const TICKS = 5;

type State = { text: string; color: string };
type Stretch = State & { from: number; to: number };

export function States(props: PanelProps<any>) {
  const { data, width, height, options, timeRange, timeZone, fieldConfig } = props;
  const { colors, typography } = useTheme2();
  if (isWithoutData(props)) {
    return <StandIn {...{ width, height }}><Nothing {...props} /></StandIn>;
  }
  const bands = data.series.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time)!;
    return frame.fields
      .filter(({ type }) => type === FieldType.number)
      .map((field) => ({ name: getFieldDisplayName(field, frame, data.series), stretches: stretchesOf(time, field) }));
  });
  const legend = new Map(bands.flatMap(({ stretches }) => stretches.map(({ text, color }) => [text, color])));
  const hasLegend = options.legend?.showLegend !== false;
  const nameWidth = Math.min(width / 4, 8 * Math.max(...bands.map(({ name }) => name.length)) + 12);
  const plotWidth = width - nameWidth;
  const bandHeight = (height - AXIS_HEIGHT - (hasLegend ? LEGEND_HEIGHT : 0)) / bands.length;
  const from = timeRange.from.valueOf();
  const span = timeRange.to.valueOf() - from;
  const x = (moment: number) => nameWidth + Math.min(Math.max((moment - from) / span, 0), 1) * plotWidth;
  const axisTop = bandHeight * bands.length;
  const style = { fontSize: typography.size.sm, fill: colors.text.primary };
  const opacity = (fieldConfig.defaults.custom?.fillOpacity ?? 70) / 100;
  return (
    <StandIn {...{ width, height }}>
      <svg {...{ width }} height={axisTop + AXIS_HEIGHT} style={{ display: 'block' }}>
        {bands.map(({ name, stretches }, row) => (
          <g key={row} transform={`translate(0 ${row * bandHeight})`}>
            <text x={nameWidth - 8} y={bandHeight / 2} textAnchor="end" dominantBaseline="central" style={style}>
              {name}
            </text>
            {stretches.map((stretch) => (
              <rect key={stretch.from} fill={stretch.color} fillOpacity={opacity}
                x={x(stretch.from)} width={Math.max(x(stretch.to) - x(stretch.from), 1)}
                y={bandHeight * 0.05} height={bandHeight * (options.rowHeight ?? 0.9)}>
                <title>{stretch.text}</title>
              </rect>
            ))}
          </g>
        ))}
        {Array.from({ length: TICKS }, (_, tick) => from + (span * (tick + 0.5)) / TICKS).map((moment) => (
          <text key={moment} x={x(moment)} y={axisTop + 16} textAnchor="middle" style={style}>
            {dateTimeFormat(moment, { format: span < 600_000 ? 'HH:mm:ss' : 'HH:mm', timeZone })}
          </text>
        ))}
      </svg>
      {hasLegend && (
        <VizLegend displayMode={'list' as any} placement="bottom"
          items={[...legend].map(([label, color]) => ({ label, color, yAxis: 1 }))} />
      )}
    </StandIn>
  );
}

// Equal values that follow each other are one stretch. A stretch ends with its last sample if the next one is late.
function stretchesOf(time: Field, field: Field): Stretch[] {
  const step = time.config.interval ?? 0;
  const found: Stretch[] = [];
  field.values.forEach((value, row) => {
    const display = field.display!(value);
    const state = { text: formattedValueToString(display), color: display.color ?? 'gray' };
    const moment = time.values[row];
    const last = found.at(-1);
    if (last && last.text === state.text && last.color === state.color && moment <= last.to) {
      last.to = moment + step;
    } else {
      found.push({ ...state, from: moment, to: moment + step });
    }
  });
  return found;
}
