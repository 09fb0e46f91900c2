-- What statistics were on earlier days, for rules that compare one with what is usual on its day of the week.

create table ops.quality_statistics (
    suite text not null,
    statistic text not null,
    subject text not null,
    day date not null,
    value double precision not null,
    primary key (suite, statistic, subject, day)
);
comment on table ops.quality_statistics is 'One row per statistic of a suite, subject and day, of what was let in. No personal value.';
comment on column ops.quality_statistics.subject is 'What the statistic is of: source/entity for raw, the key of the suite''s table for marts.';
comment on column ops.quality_statistics.day is 'Of the delivery, or of the build''s as_of (UTC); the last value of a day.';
