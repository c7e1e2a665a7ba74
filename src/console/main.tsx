import { render } from 'preact'
import './style/main.css'
import { App } from './app.tsx'
import { startLanguage } from './language.ts'
import { startRouter } from './router.ts'
import { startLooking } from './rpc.ts'
import { startSession } from './session.ts'
import { startTheme } from './theme.ts'

startTheme()
startRouter()
startSession()
startLooking()
await startLanguage()
const root = document.getElementById('app')
if (root !== null) render(<App />, root)
