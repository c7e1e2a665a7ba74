import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
  syntaxTree,
} from '@codemirror/language'
import { type Diagnostic, linter, lintGutter, setDiagnostics } from '@codemirror/lint'
import { EditorState, type Text } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { SyntaxFault } from '../model/script-source.ts'

export interface EditorOptions {
  readonly label: string
  readonly source: string
  /** What stands at a place that cannot be read, in the editor's own words. */
  readonly unreadable: string
  readonly onChange: (source: string) => void
  readonly onSave: () => void
}

export interface Editor {
  /** Shows what the server says of the source, until it is changed. */
  showFault(fault: SyntaxFault | undefined): void
  remove(): void
}

/**
 * An editor of JavaScript within `host`. It stands in a shadow tree: there its styles are sheets of their own, which the page's content
 * security policy allows, and none of the page's reach it.
 */
export function createEditor(host: HTMLElement, options: EditorOptions): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  let fault: SyntaxFault | undefined
  const lint = linter(view => diagnosticsOf(view, fault, options.unreadable), { delay: 400 })
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.source,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        indentOnInput(),
        bracketMatching(),
        javascript(),
        syntaxHighlighting(colours),
        lint,
        lintGutter(),
        theme,
        EditorView.contentAttributes.of({ 'aria-label': options.label }),
        // Tab goes on to what follows, as everywhere on the page.
        keymap.of([
          { key: 'Mod-s', preventDefault: true, run: () => save(options) },
          ...defaultKeymap,
          ...historyKeymap,
        ]),
        EditorView.updateListener.of(update => {
          if (!update.docChanged) return
          fault = undefined
          options.onChange(update.state.doc.toString())
        }),
      ],
    }),
  })
  return {
    showFault(next) {
      fault = next
      if (next === undefined) return
      view.dispatch(setDiagnostics(view.state, diagnosticsOf(view, next, options.unreadable)))
      const at = placeOf(view.state.doc, next)
      view.dispatch({ selection: { anchor: at }, scrollIntoView: true })
      view.focus()
    },
    remove: () => view.destroy(),
  }
}

/** Whether the key meant something. */
function save({ onSave }: EditorOptions): boolean {
  onSave()
  return true
}

/** The most that is marked of what cannot be read: one mistake may make much of it so. */
const mostMarks = 10

/** What the server said, else where the editor's own reader is lost. */
function diagnosticsOf(view: EditorView, fault: SyntaxFault | undefined, unreadable: string): Diagnostic[] {
  const { doc } = view.state
  if (fault !== undefined) {
    const from = placeOf(doc, fault)
    return [{ from, to: Math.max(from, doc.lineAt(from).to), severity: 'error', message: fault.message }]
  }
  const found: Diagnostic[] = []
  syntaxTree(view.state).iterate({
    enter({ type, from, to }) {
      if (!type.isError || found.length >= mostMarks) return
      found.push({
        from,
        to: Math.min(doc.length, Math.max(to, from + 1)),
        severity: 'warning',
        message: unreadable,
      })
    },
  })
  return found
}

function placeOf(doc: Text, { line, column }: SyntaxFault): number {
  const { from, to } = doc.line(Math.max(1, Math.min(doc.lines, line)))
  return Math.min(to, from + Math.max(0, column - 1))
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--json-key)' },
  { tag: [tags.string, tags.regexp, tags.special(tags.string)], color: 'var(--json-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--json-number)' },
  { tag: [tags.comment], color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: [tags.definition(tags.variableName), tags.function(tags.variableName)], color: 'var(--json-word)' },
])

const theme = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--plane)', color: 'var(--ink)', fontSize: 'var(--text-m)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': {
    backgroundColor: 'var(--plane)',
    color: 'var(--ink-3)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 7%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--accent) 25%, transparent)',
  },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft)' },
  '.cm-tooltip': {
    border: '1px solid var(--line-strong)',
    backgroundColor: 'var(--plane)',
    color: 'var(--ink)',
  },
})
