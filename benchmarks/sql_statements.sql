INSERT INTO mart.daily_revenue (day, revenue, rides)
SELECT CAST(r.finished_at AS date) AS day, SUM(r.fare + r.tip) AS revenue, COUNT(r.id) AS rides
FROM raw.rides AS r
WHERE r.status = 'done'
GROUP BY CAST(r.finished_at AS date);
CREATE TABLE features.trips AS
WITH cleaned AS (
  SELECT t.trip_id, t.driver_id, t.metres, t.seconds, t.started_at, COALESCE(t.surge, 1.0) AS surge
  FROM raw.trips AS t
  WHERE t.metres > 0 AND t.seconds > 0
), ranked AS (
  SELECT c.trip_id, c.driver_id, c.metres, c.seconds, c.started_at, c.surge,
         ROW_NUMBER() OVER (PARTITION BY c.driver_id ORDER BY c.started_at DESC) AS recency
  FROM cleaned AS c
)
SELECT k.trip_id, k.metres / 1000.0 AS km, k.seconds / 60.0 AS minutes, k.metres / k.seconds AS pace,
       CASE WHEN k.surge > 1.5 THEN 'high' WHEN k.surge > 1 THEN 'some' ELSE 'none' END AS surge_level,
       EXTRACT(hour FROM k.started_at) AS hour, k.recency, d.rating, d.city
FROM ranked AS k
LEFT JOIN raw.drivers AS d ON d.driver_id = k.driver_id
WHERE k.recency <= 100;
CREATE VIEW mart.active_drivers AS
SELECT d.driver_id, d.city, x.rides, x.last_ride
FROM raw.drivers AS d
JOIN (
  SELECT r.driver_id, COUNT(r.id) AS rides, MAX(r.finished_at) AS last_ride
  FROM raw.rides AS r
  GROUP BY r.driver_id
) AS x ON x.driver_id = d.driver_id
WHERE x.rides > 10;
INSERT INTO mart.all_events
SELECT c.id, c.at, c.user_id, c.kind FROM app.clicks AS c
UNION ALL
SELECT v.id, v.at, v.user_id, v.kind FROM app.views AS v
UNION ALL
SELECT o.id, o.ordered_at, o.customer_id, o.channel FROM shop.orders AS o;
UPDATE mart.customers AS m
SET lifetime_value = s.total, last_order = s.last_at
FROM (
  SELECT o.customer_id, SUM(o.amount) AS total, MAX(o.ordered_at) AS last_at
  FROM shop.orders AS o
  GROUP BY o.customer_id
) AS s
WHERE s.customer_id = m.customer_id;
INSERT INTO mart.churn_features
SELECT u.user_id,
       COUNT(e.id) AS events_30d,
       SUM(CASE WHEN e.kind = 'purchase' THEN e.value ELSE 0 END) AS spend_30d,
       MAX(e.at) AS last_seen,
       AVG(e.value) AS mean_value,
       COALESCE(p.plan, 'free') AS plan,
       LOWER(TRIM(u.country)) AS country,
       u.age BETWEEN 18 AND 25 AS is_young
FROM app.users AS u
LEFT JOIN mart.all_events AS e ON e.user_id = u.user_id
LEFT JOIN billing.plans AS p ON p.user_id = u.user_id
GROUP BY u.user_id, p.plan, u.country, u.age;
CREATE TABLE mart.org_chart AS
WITH RECURSIVE tree AS (
  SELECT s.id, s.boss_id, s.name, 1 AS depth FROM hr.staff AS s WHERE s.boss_id IS NULL
  UNION ALL
  SELECT s.id, s.boss_id, s.name, t.depth + 1 FROM hr.staff AS s JOIN tree AS t ON t.id = s.boss_id
)
SELECT tree.id, tree.name, tree.depth FROM tree;
MERGE INTO mart.stock AS t
USING (SELECT i.sku, SUM(i.quantity) AS quantity, MAX(i.at) AS at FROM shop.intake AS i GROUP BY i.sku) AS s
ON t.sku = s.sku
WHEN MATCHED THEN UPDATE SET quantity = s.quantity, updated_at = s.at
WHEN NOT MATCHED THEN INSERT (sku, quantity, updated_at) VALUES (s.sku, s.quantity, s.at);
INSERT INTO mart.sessions
SELECT q.user_id, q.session, MIN(q.at) AS started_at, MAX(q.at) AS ended_at, COUNT(q.id) AS events
FROM (
  SELECT g.id, g.user_id, g.at,
         SUM(g.is_new) OVER (PARTITION BY g.user_id ORDER BY g.at) AS session
  FROM (
    SELECT e.id, e.user_id, e.at,
           CASE WHEN e.at - LAG(e.at) OVER (PARTITION BY e.user_id ORDER BY e.at) > INTERVAL '30 minutes'
                THEN 1 ELSE 0 END AS is_new
    FROM app.events AS e
  ) AS g
) AS q
GROUP BY q.user_id, q.session;
INSERT INTO mart.prices (sku, price, discounted, margin, band)
SELECT p.sku, p.price, ROUND(p.price * (1 - COALESCE(c.percent, 0) / 100.0), 2), p.price - p.cost,
       (SELECT b.name FROM shop.bands AS b WHERE p.price >= b.low AND p.price < b.high)
FROM shop.products AS p
LEFT JOIN shop.campaigns AS c ON c.sku = p.sku
WHERE EXISTS (SELECT 1 FROM shop.listings AS l WHERE l.sku = p.sku)
