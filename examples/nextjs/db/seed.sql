-- Two people and twelve accounts to look at. The passwords are ada-demo-password and uwe-demo-password.

INSERT INTO "User" (id, name, email, "passwordHash", role) VALUES
  ('usr_ada', 'Ada Lindqvist', 'ada@example.com', '$2b$10$Oy5RerU1aNXCTUru8ivUjePWm2ejkyhDcplKbHxw8ulFVvUF0OeeK', 'ADMIN'),
  ('usr_uwe', 'Uwe Brandt', 'uwe@example.com', '$2b$10$KEoAUESGk9axeBGCi7Nnnu.l3vxmmN/DTUura.mYXqdLOBv8tNQvG', 'USER');

-- The seed runs as a superuser, whom row-level security does not hold.
INSERT INTO accounts (id, number, holder, kind, balance, status, opened_on) VALUES
  (1, '4071 2290 11', 'Marta Kowalska', 'Checking', 12480.55, 'active', '2019-03-14'),
  (2, '4071 2290 29', 'Marta Kowalska', 'Savings', 86200.00, 'active', '2019-03-14'),
  (3, '4071 3518 04', 'Jonas Weber', 'Checking', 3.20, 'review', '2021-11-02'),
  (4, '4071 4406 77', 'Aiko Tanaka', 'Business', 240915.80, 'active', '2017-06-30'),
  (5, '4071 4406 85', 'Aiko Tanaka', 'Checking', 7719.42, 'active', '2018-01-22'),
  (6, '4071 5127 63', 'Samuel Okoye', 'Savings', 15000.00, 'frozen', '2020-09-08'),
  (7, '4071 5883 30', 'Lena Fischer', 'Checking', 941.07, 'active', '2023-04-17'),
  (8, '4071 6104 18', 'Priya Raman', 'Business', 58330.25, 'active', '2022-02-01'),
  (9, '4071 6104 26', 'Priya Raman', 'Savings', 120750.00, 'active', '2022-02-01'),
  (10, '4071 7745 92', 'Tomás Herrera', 'Checking', -212.90, 'review', '2024-05-28'),
  (11, '4071 8020 51', 'Ingrid Sørensen', 'Checking', 4088.16, 'active', '2016-10-11'),
  (12, '4071 8993 07', 'Daniel Novak', 'Savings', 31260.73, 'active', '2020-12-03');
