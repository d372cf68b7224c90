CREATE TABLE catalog_sales (
  cs_sold_date_sk BIGINT, cs_sold_time_sk BIGINT, cs_ship_date_sk BIGINT, cs_bill_customer_sk BIGINT,
  cs_bill_cdemo_sk BIGINT, cs_bill_hdemo_sk BIGINT, cs_bill_addr_sk BIGINT, cs_ship_customer_sk BIGINT,
  cs_ship_cdemo_sk BIGINT, cs_ship_hdemo_sk BIGINT, cs_ship_addr_sk BIGINT, cs_call_center_sk BIGINT,
  cs_catalog_page_sk BIGINT, cs_ship_mode_sk BIGINT, cs_warehouse_sk BIGINT, cs_item_sk BIGINT, cs_promo_sk BIGINT,
  cs_order_number BIGINT, cs_quantity BIGINT, cs_wholesale_cost DOUBLE, cs_list_price DOUBLE, cs_sales_price DOUBLE,
  cs_ext_discount_amt DOUBLE, cs_ext_sales_price DOUBLE, cs_ext_wholesale_cost DOUBLE, cs_ext_list_price DOUBLE,
  cs_ext_tax DOUBLE, cs_coupon_amt DOUBLE, cs_ext_ship_cost DOUBLE, cs_net_paid DOUBLE, cs_net_paid_inc_tax DOUBLE,
  cs_net_paid_inc_ship DOUBLE, cs_net_paid_inc_ship_tax DOUBLE, cs_net_profit DOUBLE
);
CREATE TABLE catalog_returns (
  cr_returned_date_sk BIGINT, cr_returned_time_sk BIGINT, cr_item_sk BIGINT, cr_refunded_customer_sk BIGINT,
  cr_refunded_cdemo_sk BIGINT, cr_refunded_hdemo_sk BIGINT, cr_refunded_addr_sk BIGINT, cr_returning_customer_sk
  BIGINT, cr_returning_cdemo_sk BIGINT, cr_returning_hdemo_sk BIGINT, cr_returning_addr_sk BIGINT, cr_call_center_sk
  BIGINT, cr_catalog_page_sk BIGINT, cr_ship_mode_sk BIGINT, cr_warehouse_sk BIGINT, cr_reason_sk BIGINT,
  cr_order_number BIGINT, cr_return_quantity BIGINT, cr_return_amount DOUBLE, cr_return_tax DOUBLE,
  cr_return_amt_inc_tax DOUBLE, cr_fee DOUBLE, cr_return_ship_cost DOUBLE, cr_refunded_cash DOUBLE,
  cr_reversed_charge DOUBLE, cr_store_credit DOUBLE, cr_net_loss DOUBLE
);
CREATE TABLE inventory (
  inv_date_sk BIGINT, inv_item_sk BIGINT, inv_warehouse_sk BIGINT, inv_quantity_on_hand BIGINT
);
CREATE TABLE store_sales (
  ss_sold_date_sk BIGINT, ss_sold_time_sk BIGINT, ss_item_sk BIGINT, ss_customer_sk BIGINT, ss_cdemo_sk BIGINT,
  ss_hdemo_sk BIGINT, ss_addr_sk BIGINT, ss_store_sk BIGINT, ss_promo_sk BIGINT, ss_ticket_number BIGINT,
  ss_quantity BIGINT, ss_wholesale_cost DOUBLE, ss_list_price DOUBLE, ss_sales_price DOUBLE, ss_ext_discount_amt
  DOUBLE, ss_ext_sales_price DOUBLE, ss_ext_wholesale_cost DOUBLE, ss_ext_list_price DOUBLE, ss_ext_tax DOUBLE,
  ss_coupon_amt DOUBLE, ss_net_paid DOUBLE, ss_net_paid_inc_tax DOUBLE, ss_net_profit DOUBLE
);
CREATE TABLE store_returns (
  sr_returned_date_sk BIGINT, sr_return_time_sk BIGINT, sr_item_sk BIGINT, sr_customer_sk BIGINT, sr_cdemo_sk
  BIGINT, sr_hdemo_sk BIGINT, sr_addr_sk BIGINT, sr_store_sk BIGINT, sr_reason_sk BIGINT, sr_ticket_number BIGINT,
  sr_return_quantity BIGINT, sr_return_amt DOUBLE, sr_return_tax DOUBLE, sr_return_amt_inc_tax DOUBLE, sr_fee
  DOUBLE, sr_return_ship_cost DOUBLE, sr_refunded_cash DOUBLE, sr_reversed_charge DOUBLE, sr_store_credit DOUBLE,
  sr_net_loss DOUBLE
);
CREATE TABLE web_sales (
  ws_sold_date_sk BIGINT, ws_sold_time_sk BIGINT, ws_ship_date_sk BIGINT, ws_item_sk BIGINT, ws_bill_customer_sk
  BIGINT, ws_bill_cdemo_sk BIGINT, ws_bill_hdemo_sk BIGINT, ws_bill_addr_sk BIGINT, ws_ship_customer_sk BIGINT,
  ws_ship_cdemo_sk BIGINT, ws_ship_hdemo_sk BIGINT, ws_ship_addr_sk BIGINT, ws_web_page_sk BIGINT, ws_web_site_sk
  BIGINT, ws_ship_mode_sk BIGINT, ws_warehouse_sk BIGINT, ws_promo_sk BIGINT, ws_order_number BIGINT, ws_quantity
  BIGINT, ws_wholesale_cost DOUBLE, ws_list_price DOUBLE, ws_sales_price DOUBLE, ws_ext_discount_amt DOUBLE,
  ws_ext_sales_price DOUBLE, ws_ext_wholesale_cost DOUBLE, ws_ext_list_price DOUBLE, ws_ext_tax DOUBLE,
  ws_coupon_amt DOUBLE, ws_ext_ship_cost DOUBLE, ws_net_paid DOUBLE, ws_net_paid_inc_tax DOUBLE,
  ws_net_paid_inc_ship DOUBLE, ws_net_paid_inc_ship_tax DOUBLE, ws_net_profit DOUBLE
);
CREATE TABLE web_returns (
  wr_returned_date_sk BIGINT, wr_returned_time_sk BIGINT, wr_item_sk BIGINT, wr_refunded_customer_sk BIGINT,
  wr_refunded_cdemo_sk BIGINT, wr_refunded_hdemo_sk BIGINT, wr_refunded_addr_sk BIGINT, wr_returning_customer_sk
  BIGINT, wr_returning_cdemo_sk BIGINT, wr_returning_hdemo_sk BIGINT, wr_returning_addr_sk BIGINT, wr_web_page_sk
  BIGINT, wr_reason_sk BIGINT, wr_order_number BIGINT, wr_return_quantity BIGINT, wr_return_amt DOUBLE,
  wr_return_tax DOUBLE, wr_return_amt_inc_tax DOUBLE, wr_fee DOUBLE, wr_return_ship_cost DOUBLE, wr_refunded_cash
  DOUBLE, wr_reversed_charge DOUBLE, wr_account_credit DOUBLE, wr_net_loss DOUBLE
);
CREATE TABLE call_center (
  cc_call_center_sk BIGINT, cc_call_center_id VARCHAR, cc_rec_start_date DATE, cc_rec_end_date DATE,
  cc_closed_date_sk BIGINT, cc_open_date_sk BIGINT, cc_name VARCHAR, cc_class VARCHAR, cc_employees BIGINT, cc_sq_ft
  BIGINT, cc_hours VARCHAR, cc_manager VARCHAR, cc_mkt_id BIGINT, cc_mkt_class VARCHAR, cc_mkt_desc VARCHAR,
  cc_market_manager VARCHAR, cc_division BIGINT, cc_division_name VARCHAR, cc_company BIGINT, cc_company_name
  VARCHAR, cc_street_number VARCHAR, cc_street_name VARCHAR, cc_street_type VARCHAR, cc_suite_number VARCHAR,
  cc_city VARCHAR, cc_county VARCHAR, cc_state VARCHAR, cc_zip VARCHAR, cc_country VARCHAR, cc_gmt_offset DOUBLE,
  cc_tax_percentage DOUBLE
);
CREATE TABLE catalog_page (
  cp_catalog_page_sk BIGINT, cp_catalog_page_id VARCHAR, cp_start_date_sk BIGINT, cp_end_date_sk BIGINT,
  cp_department VARCHAR, cp_catalog_number BIGINT, cp_catalog_page_number BIGINT, cp_description VARCHAR, cp_type
  VARCHAR
);
CREATE TABLE customer (
  c_customer_sk BIGINT, c_customer_id VARCHAR, c_current_cdemo_sk BIGINT, c_current_hdemo_sk BIGINT,
  c_current_addr_sk BIGINT, c_first_shipto_date_sk BIGINT, c_first_sales_date_sk BIGINT, c_salutation VARCHAR,
  c_first_name VARCHAR, c_last_name VARCHAR, c_preferred_cust_flag VARCHAR, c_birth_day BIGINT, c_birth_month
  BIGINT, c_birth_year BIGINT, c_birth_country VARCHAR, c_login VARCHAR, c_email_address VARCHAR, c_last_review_date
  DATE
);
CREATE TABLE customer_address (
  ca_address_sk BIGINT, ca_address_id VARCHAR, ca_street_number VARCHAR, ca_street_name VARCHAR, ca_street_type
  VARCHAR, ca_suite_number VARCHAR, ca_city VARCHAR, ca_county VARCHAR, ca_state VARCHAR, ca_zip VARCHAR, ca_country
  VARCHAR, ca_gmt_offset DOUBLE, ca_location_type VARCHAR
);
CREATE TABLE customer_demographics (
  cd_demo_sk BIGINT, cd_gender VARCHAR, cd_marital_status VARCHAR, cd_education_status VARCHAR, cd_purchase_estimate
  BIGINT, cd_credit_rating VARCHAR, cd_dep_count BIGINT, cd_dep_employed_count BIGINT, cd_dep_college_count BIGINT
);
CREATE TABLE date_dim (
  d_date_sk BIGINT, d_date_id VARCHAR, d_date DATE, d_month_seq BIGINT, d_week_seq BIGINT, d_quarter_seq BIGINT,
  d_year BIGINT, d_dow BIGINT, d_moy BIGINT, d_dom BIGINT, d_qoy BIGINT, d_fy_year BIGINT, d_fy_quarter_seq BIGINT,
  d_fy_week_seq BIGINT, d_day_name VARCHAR, d_quarter_name VARCHAR, d_holiday VARCHAR, d_weekend VARCHAR,
  d_following_holiday VARCHAR, d_first_dom BIGINT, d_last_dom BIGINT, d_same_day_ly BIGINT, d_same_day_lq BIGINT,
  d_current_day VARCHAR, d_current_week VARCHAR, d_current_month VARCHAR, d_current_quarter VARCHAR, d_current_year
  VARCHAR
);
CREATE TABLE household_demographics (
  hd_demo_sk BIGINT, hd_income_band_sk BIGINT, hd_buy_potential VARCHAR, hd_dep_count BIGINT, hd_vehicle_count
  BIGINT
);
CREATE TABLE income_band (
  ib_income_band_sk BIGINT, ib_lower_bound BIGINT, ib_upper_bound BIGINT
);
CREATE TABLE item (
  i_item_sk BIGINT, i_item_id VARCHAR, i_rec_start_date DATE, i_rec_end_date DATE, i_item_desc VARCHAR,
  i_current_price DOUBLE, i_wholesale_cost DOUBLE, i_brand_id BIGINT, i_brand VARCHAR, i_class_id BIGINT, i_class
  VARCHAR, i_category_id BIGINT, i_category VARCHAR, i_manufact_id BIGINT, i_manufact VARCHAR, i_size VARCHAR,
  i_formulation VARCHAR, i_color VARCHAR, i_units VARCHAR, i_container VARCHAR, i_manager_id BIGINT, i_product_name
  VARCHAR
);
CREATE TABLE promotion (
  p_promo_sk BIGINT, p_promo_id VARCHAR, p_start_date_sk BIGINT, p_end_date_sk BIGINT, p_item_sk BIGINT, p_cost
  DOUBLE, p_response_target BIGINT, p_promo_name VARCHAR, p_channel_dmail VARCHAR, p_channel_email VARCHAR,
  p_channel_catalog VARCHAR, p_channel_tv VARCHAR, p_channel_radio VARCHAR, p_channel_press VARCHAR, p_channel_event
  VARCHAR, p_channel_demo VARCHAR, p_channel_details VARCHAR, p_purpose VARCHAR, p_discount_active VARCHAR
);
CREATE TABLE reason (
  r_reason_sk BIGINT, r_reason_id VARCHAR, r_reason_desc VARCHAR
);
CREATE TABLE ship_mode (
  sm_ship_mode_sk BIGINT, sm_ship_mode_id VARCHAR, sm_type VARCHAR, sm_code VARCHAR, sm_carrier VARCHAR, sm_contract
  VARCHAR
);
CREATE TABLE store (
  s_store_sk BIGINT, s_store_id VARCHAR, s_rec_start_date DATE, s_rec_end_date DATE, s_closed_date_sk BIGINT,
  s_store_name VARCHAR, s_number_employees BIGINT, s_floor_space BIGINT, s_hours VARCHAR, s_manager VARCHAR,
  s_market_id BIGINT, s_geography_class VARCHAR, s_market_desc VARCHAR, s_market_manager VARCHAR, s_division_id
  BIGINT, s_division_name VARCHAR, s_company_id BIGINT, s_company_name VARCHAR, s_street_number VARCHAR,
  s_street_name VARCHAR, s_street_type VARCHAR, s_suite_number VARCHAR, s_city VARCHAR, s_county VARCHAR, s_state
  VARCHAR, s_zip VARCHAR, s_country VARCHAR, s_gmt_offset DOUBLE, s_tax_precentage DOUBLE
);
CREATE TABLE time_dim (
  t_time_sk BIGINT, t_time_id VARCHAR, t_time BIGINT, t_hour BIGINT, t_minute BIGINT, t_second BIGINT, t_am_pm
  VARCHAR, t_shift VARCHAR, t_sub_shift VARCHAR, t_meal_time VARCHAR
);
CREATE TABLE warehouse (
  w_warehouse_sk BIGINT, w_warehouse_id VARCHAR, w_warehouse_name VARCHAR, w_warehouse_sq_ft BIGINT, w_street_number
  VARCHAR, w_street_name VARCHAR, w_street_type VARCHAR, w_suite_number VARCHAR, w_city VARCHAR, w_county VARCHAR,
  w_state VARCHAR, w_zip VARCHAR, w_country VARCHAR, w_gmt_offset DOUBLE
);
CREATE TABLE web_page (
  wp_web_page_sk BIGINT, wp_web_page_id VARCHAR, wp_rec_start_date DATE, wp_rec_end_date DATE, wp_creation_date_sk
  BIGINT, wp_access_date_sk BIGINT, wp_autogen_flag VARCHAR, wp_customer_sk BIGINT, wp_url VARCHAR, wp_type VARCHAR,
  wp_char_count BIGINT, wp_link_count BIGINT, wp_image_count BIGINT, wp_max_ad_count BIGINT
);
CREATE TABLE web_site (
  web_site_sk BIGINT, web_site_id VARCHAR, web_rec_start_date DATE, web_rec_end_date DATE, web_name VARCHAR,
  web_open_date_sk BIGINT, web_close_date_sk BIGINT, web_class VARCHAR, web_manager VARCHAR, web_mkt_id BIGINT,
  web_mkt_class VARCHAR, web_mkt_desc VARCHAR, web_market_manager VARCHAR, web_company_id BIGINT, web_company_name
  VARCHAR, web_street_number VARCHAR, web_street_name VARCHAR, web_street_type VARCHAR, web_suite_number VARCHAR,
  web_city VARCHAR, web_county VARCHAR, web_state VARCHAR, web_zip VARCHAR, web_country VARCHAR, web_gmt_offset
  VARCHAR, web_tax_percentage DOUBLE
);
