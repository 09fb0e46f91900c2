-- Returns a query: (figure_key, own_figure, own_definition), one row per figure of people that the marts answer. Reads the steps customers, customer_identifiers, interactions and contactability
-- of the model that calls it. A figure is null where there is nobody to count.
{% macro market_figures_of_people() -%}
with

with_account as (
    select distinct customer_id
    from customer_identifiers
    where identifier_type in ('account_ref', 'handle')
),

voices as (
    select
        customer_id,
        bool_or(rating >= 0.8 * rating_max) as has_good,
        bool_or(intent = 'complaint') as has_bad
    from interactions
    where is_public and direction = 'inbound' and customer_id is not null
    group by customer_id
),

social_refusals as (
    select
        customer_id,
        bool_or(reason in ('OBJECTED', 'WITHDRAWN', 'REFUSED')) as is_refused
    from contactability
    where channel = 'social_audience'
    group by customer_id
),

described as (
    select
        customers.generation,
        with_account.customer_id is not null as has_account,
        coalesce(voices.has_good, false) as has_good,
        coalesce(voices.has_bad, false) as has_bad,
        social_refusals.is_refused
    from customers
    left join with_account on customers.customer_id = with_account.customer_id
    left join voices on customers.customer_id = voices.customer_id
    left join social_refusals on customers.customer_id = social_refusals.customer_id
    where customers.relationship <> 'unknown'
),

shares as (
    select
        avg(has_account::integer) filter (where generation = '18-30') as account_18_30,
        avg(has_account::integer) filter (where generation = '31-50') as account_31_50,
        avg(has_account::integer) filter (where generation = '51+') as account_51_plus,
        avg(has_account::integer) as account_all,
        avg(has_good::integer) as good_share,
        avg(has_bad::integer) as bad_share,
        avg(is_refused::integer) as refused_share,
        avg(is_refused::integer) filter (where generation = '18-30') as refused_young_share
    from described
),

figures as (
    select
        named.figure_key,
        100 * named.share as own_figure,
        named.own_definition
    from shares
    cross join lateral (
        values
        ('m18_users_18_30', shares.account_18_30, 'Customers and prospects of 18 to 30 with a linked account: a lower bound'),
        ('m18_users_31_50', shares.account_31_50, 'Customers and prospects of 31 to 50 with a linked account: a lower bound'),
        ('m18_users_51_plus', shares.account_51_plus, 'Customers and prospects of 51 and over with a linked account: a lower bound'),
        ('m23_belong_to_a_network', shares.account_all, 'Customers and prospects with a linked account: a lower bound'),
        ('m19_share_good', shares.good_share, 'Customers and prospects with a public review of at least four fifths of the stars'),
        ('m19_share_bad', shares.bad_share, 'Customers and prospects with a public complaint'),
        ('m16_do_not_disturb', shares.refused_share, 'Customers who refused, withdrew or objected on social networks, of those asked'),
        ('m16_do_not_disturb_young', shares.refused_young_share, 'The same among those of 18 to 30')
    ) as named (figure_key, share, own_definition)
)

select * from figures
{%- endmacro %}
