// What Hibernate's first-level cache keeps for another user, and lazy collections where nobody acts.
import java.util.List;
import java.util.function.Function;
import javax.persistence.*;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Transaction;
import org.hibernate.cfg.Configuration;

public class WithHibernate {
    @Entity @Table(name = "accounts")
    public static class Account {
        @Id public int id;
        public String name;
        @OneToMany(mappedBy = "account") public List<Payment> payments;
    }

    @Entity @Table(name = "payments")
    public static class Payment {
        @Id public int id;
        @ManyToOne @JoinColumn(name = "account_id") public Account account;
    }

    static int seen;

    static void equal(Object got, Object wanted, String name) {
        boolean same = got == null ? wanted == null : got.equals(wanted);
        System.out.println((same ? "ok " : "not ok ") + ++seen + " - " + name);
        if (!same)
            System.out.println("# got " + got + ", wanted " + wanted);
    }

    /** What work answers in a transaction of that user. */
    static <T> T asUser(Session session, String user, Function<Session, T> work) {
        Transaction transaction = session.beginTransaction();
        session.createSQLQuery("SELECT CAST(session_auth.authenticate(:token) AS text)").setString("token", System.getenv(user)).list();
        T answer = work.apply(session);
        transaction.commit();
        return answer;
    }

    static String name(Session session) {
        Account account = (Account) session.get(Account.class, 1);
        return account == null ? null : account.name;
    }

    public static void main(String[] arguments) {
        System.out.println("# with Hibernate " + org.hibernate.Version.getVersionString() + ", Java " + System.getProperty("java.version"));
        SessionFactory factory = new Configuration()
            .addAnnotatedClass(Account.class).addAnnotatedClass(Payment.class)
            .setProperty("hibernate.connection.driver_class", "org.postgresql.Driver")
            .setProperty("hibernate.connection.url", "jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"))
            .setProperty("hibernate.connection.username", System.getenv("PGUSER"))
            .setProperty("hibernate.dialect", "org.hibernate.dialect.PostgreSQLDialect")
            .buildSessionFactory();

        Session session = factory.openSession();
        equal(asUser(session, "ADA", WithHibernate::name), "Savings", "she finds her account");
        equal(asUser(session, "UWE", WithHibernate::name), "Savings", "the leak: a session that serves both answers him from its first-level cache");
        session.clear();
        equal(asUser(session, "UWE", WithHibernate::name), null, "after clear() it asks, and he has none");
        session.close();
        Session his = factory.openSession();
        equal(asUser(his, "UWE", WithHibernate::name), null, "so does a session of his own");
        his.close();

        Session open = factory.openSession();
        Account lazy = asUser(open, "ADA", one -> (Account) one.get(Account.class, 1));
        equal(lazy.payments.size(), 0, "no rows: a collection that is first read after the transaction, in an open session, nobody asks for");
        open.close();
        Session again = factory.openSession();
        Account eager = asUser(again, "ADA", one -> (Account) one.createQuery("from WithHibernate$Account a left join fetch a.payments where a.id = 1").uniqueResult());
        equal(eager.payments.size(), 1, "fetched within it, they are there");
        again.close();
        factory.close();
    }
}
