import type { ReactNode } from 'react'
import { Frame } from '@/components/frame'

export default function DashboardLayout({ children }: { children: ReactNode }) {
  return <Frame>{children}</Frame>
}
