-- What the models of contactability share when they ask and write for touched keys alone (decision 0170).

-- Returns the models whose changed rows may change an answer.
{% macro facts_of_contactability() -%}
    {{ return([
        'int_record_customers', 'int_contact_identifiers_listed', 'int_consent_events_resolved', 'int_sales_evidenced',
        'int_engagements_dated', 'int_marketing_calls_listed', 'int_contact_rules_digested',
    ]) }}
{%- endmacro %}

-- Returns the relation that a build before has left of a model of the layer intermediate; none where there is none, or where it is made anew.
-- For models that read what a model below them has made: it cannot be a ref().
{% macro find_standing(name) -%}
    {%- if execute and not flags.FULL_REFRESH -%}
        {{ return(adapter.get_relation(target.database, cercle.cercle_schema_name('intermediate', none), name)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

-- Returns whether the tables that hold for each customer are all there, so that the touched ones alone need be asked.
{% macro is_contactability_standing() -%}
    {%- set names = [
        'int_consent_events_resolved', 'int_consent_identities_linked', 'int_contact_points_listed', 'int_birth_dates_known',
        'int_contacts_decided_1', 'int_contacts_decided_2',
    ] -%}
    {%- set missing = [] -%}
    {%- for name in names if not cercle.find_standing(name) -%}
        {%- do missing.append(name) -%}
    {%- endfor -%}
    {{ return(not missing) }}
{%- endmacro %}

-- Returns a condition: since the last published build the instant in `column` has come.
{% macro has_come(column) -%}
    {{ column }} between (select as_of from ops.published_build) and {{ cercle.as_of() }}
{%- endmacro %}

-- Returns a condition for models of contactability: the key in `column` is one that is touched. True where the model is made anew.
{% macro is_touched(column) -%}
    {{ cercle.is_among_if_incremental([column], ref('int_contact_keys_touched'), ['key']) }}
{%- endmacro %}
