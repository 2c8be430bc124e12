import { useLayoutEffect, useRef } from 'react';
import { type DataFrame, type PanelProps } from '@grafana/data';
import { TimeSeries, type UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import { isWithoutData, Nothing } from './nothing';

const LEGEND = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };

export function Graph(props: PanelProps<any>) {
  const { data, width, height, options, timeRange, timeZone } = props;
  if (isWithoutData(props)) {
    return <Nothing {...props} />;
  }
  return (
    <TimeSeries
      frames={data.series}
      structureRev={data.structureRev}
      legend={{ ...LEGEND, ...options.legend }}
      {...{ width, height, options, timeRange, timeZone }}
    >
      {(config) => <Annotations config={config} frames={data.annotations ?? []} />}
    </TimeSeries>
  );
}

// Grafana does not publish how it draws annotations: a dashed line at the start and at the end of an event, a band
// between the two, and a triangle below.
function Annotations({ config, frames }: { config: UPlotConfigBuilder; frames: DataFrame[] }) {
  const { visualization } = useTheme2();
  const plot = useRef<any>(undefined);
  const latest = useRef(frames);
  latest.current = frames;
  useLayoutEffect(() => {
    config.addHook('init', (uplot: any) => { plot.current = uplot; });
    config.addHook('draw', (uplot: any) => {
      for (const event of latest.current.flatMap(eventsOf)) {
        drawEvent(uplot, event, visualization.getColorByName(event.color ?? 'red'));
      }
    });
  }, [config]);
  useLayoutEffect(() => { plot.current?.redraw(false, true); }, [frames]);
  return null;
}

type Event = { time: number; timeEnd?: number; color?: string };

function eventsOf(frame: DataFrame): Event[] {
  const column = (name: string) => frame.fields.find((field) => field.name === name)?.values ?? [];
  const [times, ends, colors] = [column('time'), column('timeEnd'), column('color')];
  return times.map((time, row) => ({ time, timeEnd: ends[row], color: colors[row] }));
}

function drawEvent(uplot: any, { time, timeEnd = time }: Event, color: string) {
  const { ctx, bbox } = uplot;
  const right = bbox.left + bbox.width;
  const inside = (moment: number) => Math.min(Math.max(uplot.valToPos(moment, 'x', true), bbox.left), right);
  const [from, to] = [inside(time), inside(timeEnd)];
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.globalAlpha = 0.1;
  ctx.fillRect(from, bbox.top, to - from, bbox.height);
  ctx.globalAlpha = 1;
  ctx.setLineDash([5, 5]);
  ctx.beginPath();
  for (const place of new Set([from, to])) {
    ctx.moveTo(place, bbox.top);
    ctx.lineTo(place, bbox.top + bbox.height);
  }
  ctx.stroke();
  const bottom = bbox.top + bbox.height;
  ctx.beginPath();
  ctx.moveTo(from, bottom);
  ctx.lineTo(from - 4, bottom + 6);
  ctx.lineTo(from + 4, bottom + 6);
  ctx.fill();
  ctx.restore();
}
