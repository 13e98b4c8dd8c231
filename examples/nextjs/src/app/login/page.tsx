import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { AuthError } from 'next-auth'
import { auth, signIn } from '@/auth'
import { Brand } from '@/components/brand'
import { GitHubMark, Icon } from '@/components/icon'
import { Submit } from '@/components/submit'

export const metadata: Metadata = { title: 'Log in' }

const ACCOUNTS = '/dashboard/accounts'

const ERRORS: Record<string, string> = {
  CredentialsSignin: 'This email and password do not match.',
  OAuthAccountNotLinked: 'Another way to log in belongs to this email address.',
  AccessDenied: 'The login was cancelled.',
}

async function withPassword(form: FormData) {
  'use server'
  try {
    await signIn('credentials', {
      email: form.get('email'),
      password: form.get('password'),
      redirectTo: ACCOUNTS,
    })
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    redirect(`/login?error=${error.type}`)
  }
}

async function withGitHub() {
  'use server'
  await signIn('github', { redirectTo: ACCOUNTS })
}

export default async function Login({
  searchParams,
}: {
  searchParams: Promise<{ error?: string; out?: string }>
}) {
  const { error, out } = await searchParams
  if (await auth()) redirect(ACCOUNTS)
  return (
    <div className="login">
      <main>
        <Brand />
        <div className="card">
          <div>
            <h1>Log in</h1>
            <p className="lead">Back office</p>
          </div>
          {error && (
            <p className="notice bad" role="alert">
              <Icon name="warning" size={18} />
              {ERRORS[error] ?? 'The login did not work. Please try again.'}
            </p>
          )}
          {out && (
            <p className="notice" role="status">
              <Icon name="check" size={18} />
              {out === 'everywhere' ? 'You are logged out on every device.' : 'You are logged out.'}
            </p>
          )}
          <form action={withPassword}>
            <label className="field">
              <span>Email</span>
              <input className="input" name="email" type="email" autoComplete="username" required />
            </label>
            <label className="field">
              <span>Password</span>
              <input
                className="input"
                name="password"
                type="password"
                autoComplete="current-password"
                required
              />
            </label>
            <Submit className="primary">Log in</Submit>
          </form>
          <div className="or">or</div>
          <form action={withGitHub}>
            <Submit>
              <GitHubMark />
              Continue with GitHub
            </Submit>
          </form>
        </div>
        {process.env.DEMO_HINT && <p className="hint">{process.env.DEMO_HINT}</p>}
      </main>
    </div>
  )
}
