import { Icon } from './icon'

export function Brand() {
  return (
    <a className="brand" href="/dashboard/accounts">
      <Icon name="bank" size={22} />
      Fjord Bank
    </a>
  )
}
