//! One round trip with tokio-postgres.
use futures_util::future::join4;
use std::env;
use tokio_postgres::{Client, Error, NoTls, Statement};

// shown
/// What is prepared once for a connection.
struct Prepared {
    authenticate: Statement, // SELECT (session_auth.authenticate($1)).user_id
    accounts: Statement,     // SELECT id FROM accounts ORDER BY id
}

async fn accounts_of(client: &Client, prepared: &Prepared, token: &str) -> Result<Vec<i32>, Error> {
    // joined, and so polled in this order, they are sent without waiting for answers
    let (begun, authenticated, accounts, committed) = join4(
        client.batch_execute("BEGIN"),
        client.query(&prepared.authenticate, &[&token]),
        client.query(&prepared.accounts, &[]),
        client.batch_execute("COMMIT"), // rolls back when a statement before it has failed
    )
    .await;
    begun?;
    authenticated?;
    let accounts = accounts?;
    committed?;
    Ok(accounts.iter().map(|row| row.get(0)).collect())
}
// end

async fn show(client: &Client, prepared: &Prepared, token: &str) {
    match accounts_of(client, prepared, token).await {
        Ok(ids) => println!("{}", ids.iter().map(i32::to_string).collect::<Vec<_>>().join(" ")),
        Err(error) => println!("{}", error.code().expect("an SQLSTATE").code()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let url = env::var("DATABASE_URL").expect("DATABASE_URL");
    let token = env::var("TOKEN").expect("TOKEN");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    let prepared = Prepared {
        authenticate: client.prepare("SELECT (session_auth.authenticate($1)).user_id").await?,
        accounts: client.prepare("SELECT id FROM accounts ORDER BY id").await?,
    };
    show(&client, &prepared, &token).await;
    client.batch_execute("SELECT 'measured from here'").await?;
    show(&client, &prepared, &token).await;
    client.batch_execute("SELECT 'measured to here'").await?;
    show(&client, &prepared, "made-up").await;
    show(&client, &prepared, &token).await;
    Ok(())
}
