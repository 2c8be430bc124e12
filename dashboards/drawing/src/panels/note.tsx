import { type PanelProps, renderTextPanelMarkdown } from '@grafana/data';
import { RenderUserContentAsHTML, ScrollContainer } from '@grafana/ui';

export function Note({ options, height, replaceVariables }: PanelProps<any>) {
  const html = options.mode === 'html' ? options.content : renderTextPanelMarkdown(replaceVariables(options.content ?? ''));
  return (
    <ScrollContainer maxHeight={`${height}px`}>
      <RenderUserContentAsHTML className="markdown-html" content={html} />
    </ScrollContainer>
  );
}
