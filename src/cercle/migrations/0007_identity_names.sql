-- Comparison of names that differ by a slip of the pen. No extension is needed: fuzzystrmatch is not on every server.

-- Whether two words of at least four letters differ by one letter too many, too few or wrong, or by two neighbours that
-- changed places. Equal words are near. Null gives null.
create function identity.is_near(left_word text, right_word text) returns boolean
language plpgsql immutable strict parallel safe as $$
declare
    shorter text := case when length(left_word) <= length(right_word) then left_word else right_word end;
    longer text := case when length(left_word) <= length(right_word) then right_word else left_word end;
    short_length integer := length(shorter);
    long_length integer := length(longer);
    head integer := 0;
    tail integer := 0;
begin
    if shorter = longer then
        return true;
    end if;
    if short_length < 4 or long_length - short_length > 1 then
        return false;
    end if;
    while head < short_length and substr(shorter, head + 1, 1) = substr(longer, head + 1, 1) loop
        head := head + 1;
    end loop;
    while tail < short_length - head
        and substr(shorter, short_length - tail, 1) = substr(longer, long_length - tail, 1) loop
        tail := tail + 1;
    end loop;
    if head + tail >= long_length - 1 then
        return true;
    end if;
    return short_length = long_length
        and head + tail = long_length - 2
        and substr(shorter, head + 1, 1) = substr(longer, head + 2, 1)
        and substr(shorter, head + 2, 1) = substr(longer, head + 1, 1);
end
$$;
comment on function identity.is_near is 'Whether two words of four letters or more differ by one slip: a letter more, less or wrong, or two neighbours swapped.';
