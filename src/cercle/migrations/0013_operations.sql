-- What a page of operations shows beside loads, builds and checks, without reaching into privacy or marts: which requests wait, and the
-- alerts of the last publication. Counts and dates alone.

create view ops.open_requests as
select
    kind,
    right_article,
    source_name,
    received_at,
    due_date,
    is_extended
from privacy.requests
where closed_at is null;
comment on view ops.open_requests is 'One row per request of a person that waits for its answer: which right, since when, due when. Not who.';

create table ops.recent_alerts (
    alert_id text primary key,
    publication_id bigint not null references ops.publications (publication_id),
    kind text not null,
    channel text,
    topic text,
    campaign_id text,
    day_date date not null,
    contact_count bigint,
    customer_count bigint,
    known_at timestamptz
);
comment on table ops.recent_alerts is 'One row per alert of the last publication whose day is no more than 28 days before its as_of. Written by each publication.';
