import { type Language, language, languages, setLanguage, text } from '../language.ts'
import { theme, themes } from '../theme.ts'

/** Theme and language. */
export function Preferences() {
  const { app } = text()
  return (
    <div class="preferences">
      <select
        class="select"
        aria-label={app.theme}
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = themes.find(each => each === currentTarget.value) ?? 'system'
        }}
      >
        {themes.map(each => (
          <option key={each} value={each}>
            {app.themes[each]}
          </option>
        ))}
      </select>
      <select
        class="select"
        aria-label={app.language}
        value={language.value}
        onChange={({ currentTarget }) => void setLanguage(currentTarget.value as Language)}
      >
        {Object.entries(languages).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}
