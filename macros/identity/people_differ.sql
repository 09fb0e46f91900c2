-- Returns SQL for what another given name begins with if it holds this one: an initial, a short form (three letters or more that are no
-- known given name), or a whole name and a blank.
{% macro given_name_beginning(side) -%}
    {{ side }}.given_name
    || case when length({{ side }}.given_name) = 1 or (length({{ side }}.given_name) > 2 and not {{ side }}.is_known_given_name) then '' else ' ' end
{%- endmacro %}

-- Returns a condition: two given names cannot be one person's. Null, an initial that fits, a part of the other (Jean, Jean Pierre),
-- a nickname (Nico, Nicolas) or one slip of the pen do not differ; but two names that are both known given names do (Julie, Julien).
{% macro given_names_differ(left, right) -%}
    (
        {{ left }}.given_name <> {{ right }}.given_name
        and replace({{ left }}.given_name, ' ', '') <> replace({{ right }}.given_name, ' ', '')
        and not {{ left }}.formal_names && {{ right }}.formal_names
        and not starts_with({{ left }}.given_name, {{ cercle.given_name_beginning(right) }})
        and not starts_with({{ right }}.given_name, {{ cercle.given_name_beginning(left) }})
        and (
            ({{ left }}.is_known_given_name and {{ right }}.is_known_given_name)
            or not identity.is_near({{ left }}.given_name, {{ right }}.given_name)
        )
    )
{%- endmacro %}

-- Returns a condition: two family names are of two families. Null, one inside the other (Martin, Durand Martin) or one slip do not differ.
{% macro family_names_differ(left, right) -%}
    (
        {{ left }}.family_name <> {{ right }}.family_name
        and replace({{ left }}.family_name, ' ', '') <> replace({{ right }}.family_name, ' ', '')
        and strpos(' ' || {{ left }}.family_name || ' ', ' ' || {{ right }}.family_name || ' ') = 0
        and strpos(' ' || {{ right }}.family_name || ' ', ' ' || {{ left }}.family_name || ' ') = 0
        and not identity.is_near({{ left }}.family_name, {{ right }}.family_name)
    )
{%- endmacro %}

-- Returns a condition: two dates of birth are of two people. Null, day and month swapped, or one of day, month, year wrong do not differ.
{% macro birth_dates_differ(left, right) -%}
    (
        {{ left }}.birth_date <> {{ right }}.birth_date
        and (
            (extract(day from {{ left }}.birth_date) = extract(day from {{ right }}.birth_date))::integer
            + (extract(month from {{ left }}.birth_date) = extract(month from {{ right }}.birth_date))::integer
            + (extract(year from {{ left }}.birth_date) = extract(year from {{ right }}.birth_date))::integer
        ) < 2
        and not (
            extract(year from {{ left }}.birth_date) = extract(year from {{ right }}.birth_date)
            and extract(day from {{ left }}.birth_date) = extract(month from {{ right }}.birth_date)
            and extract(month from {{ left }}.birth_date) = extract(day from {{ right }}.birth_date)
        )
    )
{%- endmacro %}

-- Returns a condition, never null: two people (given_name, formal_names, family_name, birth_date, is_known_given_name) cannot be one.
-- Broadly: by given name or date of birth; a family name alone may have changed, unless the given name says nothing (missing, or
-- an initial). `is_strict`: by family name in any case. Equal dates of birth outweigh the family name;
-- the two parts of a name may stand in each other's place.
{% macro people_differ(left, right, is_strict=false) -%}
    coalesce(
        {{ cercle.given_names_differ(left, right) }}
        and ({{ left }}.given_name = {{ right }}.family_name and {{ left }}.family_name = {{ right }}.given_name) is not true,
        false
    )
    or coalesce({{ cercle.birth_dates_differ(left, right) }}, false)
    or (
        coalesce({{ cercle.family_names_differ(left, right) }}, false)
        and ({{ left }}.birth_date = {{ right }}.birth_date) is not true
        and ({{ left }}.given_name = {{ right }}.family_name) is not true
        and ({{ left }}.given_name = {{ right }}.given_name and left({{ left }}.family_name, 4) = left({{ right }}.family_name, 4)) is not true
        {%- if not is_strict %}
        and least(length({{ left }}.given_name), length({{ right }}.given_name), 1 + ({{ left }}.given_name is not null and {{ right }}.given_name is not null)::integer) < 2
        {%- endif %}
    )
{%- endmacro %}
