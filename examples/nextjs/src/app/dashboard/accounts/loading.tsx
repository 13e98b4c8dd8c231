export default function Loading() {
  return (
    <>
      <div className="heading">
        <div>
          <h1>Accounts</h1>
          <p className="lead">Loading…</p>
        </div>
      </div>
      <div className="card" aria-busy="true">
        {Array.from({ length: 8 }, (_, i) => (
          <div key={i} className="loading-row" />
        ))}
      </div>
    </>
  )
}
